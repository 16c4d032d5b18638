//! Lays the web page out for `src/api/page.rs`: every file of `web/dist` that is served, as it is and compressed.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "page")]
    if let Err(problem) = page::lay_out() {
        println!("cargo::error={problem}");
    }
}

#[cfg(feature = "page")]
mod page {
    use std::{
        env, fmt, fs,
        io::{self, Write},
        path::{Path, PathBuf},
    };

    use flate2::{Compression, write::GzEncoder};

    const DIST: &str = "web/dist";

    /// Why the page can't be part of the binary.
    pub(super) enum Problem {
        NotBuilt,
        Io(&'static str, PathBuf, io::Error),
    }

    impl fmt::Display for Problem {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self {
                Self::NotBuilt => write!(
                    f,
                    "the web page is not built ({DIST}/index.html is missing): run `make page`, which needs Node, or leave \
                     the page out with --no-default-features"
                ),
                Self::Io(action, path, error) => write!(f, "{action} {}: {error}", path.display()),
            }
        }
    }

    /// Writes `$OUT_DIR/page/<encoding>/…`.
    pub(super) fn lay_out() -> Result<(), Problem> {
        println!("cargo::rerun-if-changed={DIST}");
        let dist = Path::new(DIST);
        if !dist.join("index.html").is_file() {
            return Err(Problem::NotBuilt);
        }
        let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("page");
        // What an earlier build of the page left there would be embedded too.
        let _ = fs::remove_dir_all(&out);
        store(dist, &out, "index.html")?;
        let assets = dist.join("assets");
        let listed: io::Result<Vec<_>> = fs::read_dir(&assets).and_then(Iterator::collect);
        for entry in listed.map_err(|error| Problem::Io("list", assets.clone(), error))? {
            store(dist, &out, &format!("assets/{}", entry.file_name().to_string_lossy()))?;
        }
        Ok(())
    }

    /// One file in every encoding that makes it smaller.
    fn store(dist: &Path, out: &Path, name: &str) -> Result<(), Problem> {
        let source = dist.join(name);
        let plain = fs::read(&source).map_err(|error| Problem::Io("read", source, error))?;
        write(&out.join("identity").join(name), &plain)?;
        for (encoding, compress) in [("br", brotli as fn(&[u8]) -> io::Result<Vec<u8>>), ("gzip", gzip)] {
            let target = out.join(encoding).join(name);
            let packed = compress(&plain).map_err(|error| Problem::Io("compress", target.clone(), error))?;
            if packed.len() < plain.len() {
                write(&target, &packed)?;
            }
        }
        Ok(())
    }

    fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
        let folder = path.parent().unwrap_or(path);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, bytes));
        written.map_err(|error| Problem::Io("write", path.to_owned(), error))
    }

    fn brotli(plain: &[u8]) -> io::Result<Vec<u8>> {
        let mut packed = Vec::new();
        let parameters = brotli::enc::BrotliEncoderParams { size_hint: plain.len(), ..Default::default() };
        brotli::BrotliCompress(&mut &plain[..], &mut packed, &parameters)?;
        Ok(packed)
    }

    fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain)?;
        encoder.finish()
    }
}
