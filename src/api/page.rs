//! The web page: its files, which are in the binary, each as browsers accept it best.
//!
//! The page itself is asked for anew each time and mostly is still the same (304). Its assets carry a hash of their
//! contents in their names, so that a browser keeps them for good. Nothing here needs a session: the files are the same
//! for everybody, and show nothing until the interface behind them answers (SPEC §7).

use futures_util::io::Cursor;
use include_dir::{Dir, File, include_dir};
use sha2::{Digest, Sha256};
use tide::{
    Body, Request, Response, StatusCode,
    http::{
        conditional::{ETag, IfNoneMatch},
        content::{AcceptEncoding, Encoding},
    },
};

use super::{ApiError, State, error::ErrorCode};

/// What `build.rs` has made of `web/dist`: a folder per encoding, by its name in HTTP.
static FILES: Dir<'_> = include_dir!("$OUT_DIR/page");

/// The encodings there are; of those that a browser likes equally, the last is taken.
const ENCODINGS: [Encoding; 3] = [Encoding::Identity, Encoding::Gzip, Encoding::Brotli];

/// What the page may do: run and show what came with it, and ask where it came from. It is on the assets too, since a worker
/// is held to the policy that its own script came with.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `/admin/keyviz/`: the page.
pub(super) async fn index(request: Request<State>) -> Result<Response, ApiError> {
    file(&request, "index.html", "no-cache")
}

/// `/admin/keyviz/assets/…`: what the page consists of.
pub(super) async fn asset(request: Request<State>) -> Result<Response, ApiError> {
    let name = request.param("asset").unwrap_or_default();
    file(&request, &format!("assets/{name}"), "public, max-age=31536000, immutable")
}

/// The file at `path`, or that the browser's copy is still good.
fn file(request: &Request<State>, path: &str, caching: &str) -> Result<Response, ApiError> {
    let Some((encoding, file)) = representation(request, path) else {
        let message = format!("the page has no {path}; reload /admin/keyviz/ if it was of another version");
        return Err(ApiError::new(404, ErrorCode::NotFound, message));
    };
    let tag = tag(file);
    let mut response =
        if is_known(request, &tag) { Response::new(StatusCode::NotModified) } else { whole(encoding, file) };
    response.insert_header("ETag", format!("\"{tag}\""));
    response.insert_header("Vary", "Accept-Encoding");
    response.insert_header("Cache-Control", caching);
    response.insert_header("Content-Security-Policy", POLICY);
    Ok(response)
}

/// The file at `path` in the encoding that `request` likes best.
fn representation(request: &Request<State>, path: &str) -> Option<(Encoding, &'static File<'static>)> {
    let accepted = AcceptEncoding::from_headers(request).ok().flatten();
    let weight = |encoding: Encoding| {
        let named = accepted.iter().flatten().filter(|proposal| **proposal == encoding);
        let weight = named.map(|proposal| proposal.weight().unwrap_or(1.0)).fold(0.0, f32::max);
        // Whoever accepts nothing that there is gets the file as it is.
        if encoding == Encoding::Identity { weight.max(f32::MIN_POSITIVE) } else { weight }
    };
    let file = |encoding| Some((encoding, FILES.get_file(format!("{encoding}/{path}"))?));
    let files = ENCODINGS.into_iter().filter_map(file);
    files.max_by(|(left, _), (right, _)| weight(*left).total_cmp(&weight(*right)))
}

fn whole(encoding: Encoding, file: &'static File<'static>) -> Response {
    let media = mime_guess::from_path(file.path()).first_or_octet_stream();
    let media =
        if media.type_() == mime_guess::mime::TEXT { format!("{media}; charset=utf-8") } else { media.to_string() };
    let bytes = file.contents();
    let mut response = Response::new(StatusCode::Ok);
    response.set_body(Body::from_reader(Cursor::new(bytes), Some(bytes.len())));
    response.insert_header("Content-Type", media);
    if encoding != Encoding::Identity {
        response.insert_header("Content-Encoding", encoding.to_string());
    }
    response
}

/// Enough of a hash to tell contents apart. Each encoding has its own, as a strong tag has to.
fn tag(file: &File<'_>) -> String {
    Sha256::digest(file.contents())[..12].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the browser has what `tag` names.
fn is_known(request: &Request<State>, tag: &str) -> bool {
    let Ok(Some(known)) = IfNoneMatch::from_headers(request) else { return false };
    known.wildcard() || known.iter().any(|(ETag::Strong(known) | ETag::Weak(known))| known == tag)
}
