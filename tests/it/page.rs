//! The web page's files, as browsers get them.

use std::fs;

use crate::{
    daemon::{Answer, Daemon, config, get},
    network::{A, B, Network},
};

const PAGE: &str = "/admin/keyviz/";

fn daemon() -> Daemon {
    Daemon::over(Network::of(&[A, B]), &config(Some(A), &[B], ""))
}

/// What somebody without a session gets.
fn ask(daemon: &Daemon, target: &str, headers: &[(&str, &str)]) -> Answer {
    daemon.send(get(target, headers))
}

#[test]
fn the_lock_files_of_the_pages_packages_name_no_mirror() {
    for file in ["web/package-lock.json", "web/e2e/package-lock.json"] {
        let lock: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        for (name, package) in lock["packages"].as_object().unwrap() {
            assert!(package.get("resolved").is_none(), "{file}: {name} is from {}", package["resolved"]);
            assert!(name.is_empty() || package["integrity"].is_string(), "{file}: {name} has no hash");
        }
    }
}

#[cfg(not(feature = "page"))]
#[test]
fn a_build_without_the_page_says_so_and_serves_the_rest() {
    let daemon = daemon();
    for path in [PAGE, "/admin/keyviz/assets/index.js"] {
        let answer = ask(&daemon, path, &[]);
        assert_eq!((answer.status, &*answer.code()), (404, "not_found"), "{path}");
        assert!(answer.text().contains("this build has no web page"), "{}", answer.text());
    }
    assert_eq!(daemon.matrix("").status, 200);
}

#[cfg(feature = "page")]
#[expect(clippy::unwrap_used, reason = "the helpers of tests may panic as the tests do")]
mod built_in {
    use std::collections::BTreeSet;

    use super::*;
    use crate::interface::{assert_json, over_the_wire};

    /// The files that the page's HTML names.
    fn assets(daemon: &Daemon) -> Vec<String> {
        let html = ask(daemon, PAGE, &[]).text();
        let named = html.split('"').filter(|text| text.starts_with("/admin/keyviz/assets/"));
        named.map(str::to_owned).collect()
    }

    fn extension(path: &str) -> &str {
        path.rsplit_once('.').unwrap().1
    }

    fn script(daemon: &Daemon) -> String {
        assets(daemon).into_iter().find(|path| extension(path) == "js").unwrap()
    }

    #[test]
    fn the_page_is_open_to_everybody_and_asked_for_anew_each_time() {
        let answer = ask(&daemon(), PAGE, &[]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("Content-Type"), Some("text/html; charset=utf-8"));
        assert_eq!(answer.header("Cache-Control"), Some("no-cache"));
        assert_eq!(answer.header("Vary"), Some("Accept-Encoding"));
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(answer.header("X-Keyviz-Config-Generation"), Some("1"));
    }

    #[test]
    fn the_page_may_run_what_came_with_it_and_ask_where_it_came_from_alone() {
        let daemon = daemon();
        for path in [PAGE.to_owned(), script(&daemon)] {
            let answer = ask(&daemon, &path, &[]);
            let policy = answer.header("Content-Security-Policy").unwrap();
            let directives: Vec<_> = policy.split("; ").collect();
            assert_eq!(directives[0], "default-src 'none'", "{path}");
            for directive in ["script-src 'self'", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
                assert!(directives.contains(&directive), "{path}: {policy}");
            }
            assert!(
                !policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"),
                "{path}: {policy}"
            );
        }
    }

    #[test]
    fn nothing_in_the_page_is_inline_or_of_another_host() {
        let html = ask(&daemon(), PAGE, &[]).text();
        for script in html.split("<script").skip(1) {
            let (attributes, rest) = script.split_once('>').unwrap();
            assert!(attributes.contains("src=\"/admin/keyviz/assets/"), "{attributes}");
            assert!(rest.trim_start().starts_with("</script>"), "{rest}");
        }
        assert!(!html.contains("<style") && !html.contains("style=") && !html.contains("://"), "{html}");
    }

    #[test]
    fn every_asset_is_kept_for_good_as_what_it_is() {
        let daemon = daemon();
        for path in assets(&daemon) {
            let answer = ask(&daemon, &path, &[]);
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.header("Cache-Control"), Some("public, max-age=31536000, immutable"), "{path}");
            let media = match extension(&path) {
                "js" => "text/javascript; charset=utf-8",
                "css" => "text/css; charset=utf-8",
                "svg" => "image/svg+xml",
                other => panic!("what is a {other}?"),
            };
            assert_eq!(answer.header("Content-Type"), Some(media), "{path}");
            assert!(!answer.body.is_empty(), "{path}");
        }
    }

    #[test]
    fn a_file_that_the_browser_has_is_not_sent_again() {
        let daemon = daemon();
        for path in [PAGE.to_owned(), script(&daemon)] {
            let first = ask(&daemon, &path, &[("Accept-Encoding", "br")]);
            let tag = first.header("ETag").unwrap();
            for known in [tag, &format!("W/{tag}"), &format!("\"other\", {tag}"), "*"] {
                let again = ask(&daemon, &path, &[("Accept-Encoding", "br"), ("If-None-Match", known)]);
                assert_eq!((again.status, again.body.len()), (304, 0), "{path}, {known}");
                for name in ["ETag", "Vary", "Cache-Control", "Content-Security-Policy"] {
                    assert_eq!(again.header(name), first.header(name), "{path}, {known}: {name}");
                }
                assert_eq!(again.header("Content-Encoding"), None, "{path}, {known}");
            }
            for other in ["\"other\"", "no tag at all", ""] {
                let again = ask(&daemon, &path, &[("Accept-Encoding", "br"), ("If-None-Match", other)]);
                assert_eq!((again.status, &again.body), (200, &first.body), "{path}, {other}");
            }
        }
    }

    #[test]
    fn a_browser_gets_the_encoding_it_likes_best() {
        let daemon = daemon();
        let path = script(&daemon);
        for (accepted, encoding) in [
            ("", None),
            ("identity", None),
            ("gzip", Some("gzip")),
            ("br", Some("br")),
            ("gzip, deflate, br, zstd", Some("br")),
            ("br;q=0, gzip", Some("gzip")),
            ("gzip;q=0.9,br;q=0.5", Some("gzip")),
            ("gzip;q=0.5,br;q=0.5", Some("br")),
            ("identity, gzip;q=0.5", None),
            ("br;q=0, gzip;q=0", None),
            ("zstd", None),
            ("brr", None),
            ("gzip;q=much", None),
        ] {
            let answer = ask(&daemon, &path, &[("Accept-Encoding", accepted)]);
            assert_eq!((answer.status, answer.header("Content-Encoding")), (200, encoding), "{accepted}");
            assert_eq!(answer.header("Vary"), Some("Accept-Encoding"), "{accepted}");
        }
    }

    #[test]
    fn an_encoding_is_smaller_and_has_a_tag_of_its_own() {
        let daemon = daemon();
        let path = script(&daemon);
        let [plain, gzip, br] =
            ["identity", "gzip", "br"].map(|name| ask(&daemon, &path, &[("Accept-Encoding", name)]));
        assert!(br.body.len() < gzip.body.len() && gzip.body.len() * 2 < plain.body.len());
        assert!(plain.header("ETag") != gzip.header("ETag") && gzip.header("ETag") != br.header("ETag"));
        let known = plain.header("ETag").unwrap();
        let answer = ask(&daemon, &path, &[("Accept-Encoding", "br"), ("If-None-Match", known)]);
        assert_eq!(answer.status, 200, "a copy in another encoding is another copy");
    }

    #[test]
    fn head_of_a_file_tells_of_it_without_sending_it() {
        let daemon = daemon();
        let address = daemon.listen();
        for path in [PAGE.to_owned(), script(&daemon), "/admin/keyviz/assets/none.js".to_owned()] {
            let (get, body) = over_the_wire(address, "GET", &path);
            let (head, nothing) = over_the_wire(address, "HEAD", &path);
            assert_eq!(nothing, b"", "{path}");
            let fields = |head: &str| -> BTreeSet<String> {
                head.lines().filter(|line| !line.starts_with("date:")).map(str::to_owned).collect()
            };
            assert_eq!(fields(&head), fields(&get), "{path}");
            assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
        }
    }

    #[test]
    fn what_is_no_asset_is_not_found() {
        let daemon = daemon();
        let script = script(&daemon);
        let name = script.rsplit_once('/').unwrap().1;
        for path in [
            "/admin/keyviz/assets/none.js",
            "/admin/keyviz/assets/",
            "/admin/keyviz/assets",
            "/admin/keyviz/index.html",
            "/admin/keyviz/assets/index.html",
            "/admin/keyviz/assets/../index.html",
            "/admin/keyviz/assets/..%2findex.html",
            "/admin/keyviz/assets/%2e%2e/%2e%2e/Cargo.toml",
            "/admin/keyviz/assets//etc/passwd",
            "/admin/keyviz/assets/%00",
            &format!("{script}.br"),
            &format!("{script}.gz"),
            &format!("{script}/"),
            &format!("/admin/keyviz/assets/br/{name}"),
            &format!("/admin/keyviz/{name}"),
        ] {
            let answer = ask(&daemon, path, &[("Accept-Encoding", "br")]);
            assert_eq!((answer.status, &*answer.code()), (404, "not_found"), "{path}");
            assert_json(path, &answer);
        }
    }

    #[test]
    fn the_pages_files_are_not_for_another_sites_name() {
        let daemon = daemon();
        for path in [PAGE.to_owned(), script(&daemon)] {
            let mut request = get(&path, &[("Host", "evil.example.com")]);
            request.url_mut().set_host(Some("evil.example.com")).unwrap();
            assert_eq!(daemon.send(request).status, 421, "{path}");
        }
    }

    #[test]
    fn assets_are_counted_together_whatever_they_are_called() {
        let daemon = daemon();
        for name in ["one.js", "two.js"] {
            ask(&daemon, &format!("/admin/keyviz/assets/{name}"), &[]);
        }
        let metrics = daemon.ask("/metrics").text();
        let counted = "keyviz_fanout_requests_total{path=\"/admin/keyviz/assets/:asset\",status=\"404\"} 2\n";
        assert!(metrics.contains(counted), "{metrics}");
        assert!(!metrics.contains("one.js"), "{metrics}");
    }
}
