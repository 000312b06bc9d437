//! Errors in a configuration name their line and key.

use cloakroom::Config;
use cloakroom::config::Overrides;

use super::{GITHUB, LEAST, Place, complaint};

#[test]
fn an_unknown_key_is_reported_with_its_place_and_a_suggestion() {
    for (text, told) in [
        ("nmae = \"x\"", "cloakroom.toml:9:1: unknown key `app.nmae`; did you mean `name`?"),
        ("  dri = \"dist\"", "cloakroom.toml:9:3: unknown key `app.dri`; did you mean `dir`?"),
        (
            "idle = \"1d\"",
            "cloakroom.toml:9:1: unknown key `app.idle`; did you mean `idle` in section [session]?",
        ),
        ("[sesion]\nidle = \"1d\"", "cloakroom.toml:9:2: unknown key `sesion`; did you mean `session`?"),
        ("[session]\nidel = \"1d\"", "cloakroom.toml:10:1: unknown key `session.idel`; did you mean `idle`?"),
        (
            "[limits]\nlogin_per_acount = \"1/1h\"",
            "cloakroom.toml:10:1: unknown key `limits.login_per_acount`; did you mean `login_per_account`?",
        ),
        (
            "[[provider]]\nid = \"github\"\nclientid = \"x\"",
            "cloakroom.toml:11:1: unknown key `provider.0.clientid`; did you mean `client_id`?",
        ),
        (
            "[signup]\nwhatever = 1",
            "cloakroom.toml:10:1: unknown key `signup.whatever`; known here are `mode`",
        ),
    ] {
        assert_eq!(complaint(text), told, "{text}");
    }
    assert!(
        complaint("development = true").contains("unknown key"),
        "no file makes a server a development one"
    );
}

#[test]
fn a_value_of_the_wrong_type_is_reported_with_its_place() {
    for (text, told) in [
        (
            "[password]\nmin_length = \"10\"",
            "cloakroom.toml:10:14: `password.min_length` must be a whole number, not string",
        ),
        ("[session]\nidle = 14", "cloakroom.toml:10:8: `session.idle` must be text in quotes, not integer"),
        (
            "[limits]\nlogin_per_ip = [50]",
            "cloakroom.toml:10:16: `limits.login_per_ip` must be text in quotes, not array",
        ),
        ("dir = true", "cloakroom.toml:9:7: `app.dir` must be text in quotes, not boolean"),
        (
            "[[provider]]\nid = \"github\"\nstore_tokens = \"yes\"",
            "cloakroom.toml:11:16: `provider.0.store_tokens` must be true or false, not string",
        ),
    ] {
        assert_eq!(complaint(text), told, "{text}");
    }
    let place = Place::new(&format!("trusted_proxies = [\"127.0.0.1\", \"::1\", \"10.0.0.0/8\"]\n{LEAST}"));
    let networks: Vec<String> =
        place.load().unwrap().trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["127.0.0.1/32", "::1/128", "10.0.0.0/8"], "an address alone is one machine");
    let place = Place::new(&format!("trusted_proxies = \"127.0.0.1/32\"\n{LEAST}"));
    assert_eq!(
        place.load().unwrap_err(),
        "cloakroom.toml:1:19: `trusted_proxies` must be a list in brackets, not string"
    );
    let place = Place::new(&format!("session = 3\n{LEAST}"));
    assert_eq!(place.load().unwrap_err(), "cloakroom.toml:1:11: `session` must be a section, not integer");
}

#[test]
fn a_missing_key_is_reported_with_its_section_and_its_variable() {
    for (left_out, told) in [
        (
            "public_url",
            "cloakroom.toml:1:1: missing key `public_url` (or CLOAKROOM_PUBLIC_URL in the environment)",
        ),
        (
            "url = \"sqlite",
            "cloakroom.toml:2:2: missing key `database.url` (or CLOAKROOM_DATABASE__URL in the environment)",
        ),
        (
            "url = \"smtp",
            "cloakroom.toml:4:2: missing key `mail.url` (or CLOAKROOM_MAIL__URL in the environment)",
        ),
        ("from", "cloakroom.toml:4:2: missing key `mail.from` (or CLOAKROOM_MAIL__FROM in the environment)"),
        ("name", "cloakroom.toml:7:2: missing key `app.name` (or CLOAKROOM_APP__NAME in the environment)"),
    ] {
        let lines: Vec<&str> =
            LEAST.lines().map(|line| if line.starts_with(left_out) { "" } else { line }).collect();
        assert_eq!(Place::new(&lines.join("\n")).load().unwrap_err(), told, "{left_out}");
    }
    assert_eq!(Place::new("").load().unwrap_err().lines().count(), 5, "all at once");
}

#[test]
fn an_invalid_value_is_reported_with_its_key_and_the_right_format() {
    for (text, told) in [
        (
            "[session]\nidle = \"soon\"",
            "cloakroom.toml:10:1: `session.idle`: `soon` is not a length of time: write it as in `14d`, `12h` or `10m`",
        ),
        ("[session]\nidle = \"0s\"", "cloakroom.toml:10:1: `session.idle`: `0s` is not a length of time"),
        ("[session]\nidle = \"500d\"", "cloakroom.toml:10:1: `session.idle`: must be at most 400d"),
        ("[limits]\nlogin_per_ip = \"50\"", "cloakroom.toml:10:1: `limits.login_per_ip`: `50` is not a rate"),
        (
            "[limits]\nlogin_per_ip = \"-1/15m\"",
            "cloakroom.toml:10:1: `limits.login_per_ip`: `-1/15m` is not a rate",
        ),
        (
            "[limits]\nipv6_widths = [\"/56 x0\"]",
            "cloakroom.toml:10:1: `limits.ipv6_widths.0`: `/56 x0` is not a width",
        ),
        (
            "[limits]\nipv4_widths = [\"/33\"]",
            "cloakroom.toml:10:1: `limits.ipv4_widths`: must be one or more prefix lengths of at most 32",
        ),
        (
            "[limits]\nipv6_widths = []",
            "cloakroom.toml:10:1: `limits.ipv6_widths`: must be one or more prefix lengths of at most 64",
        ),
        (
            "[limits]\nlogin_per_ip = \"5/0s\"",
            "cloakroom.toml:10:1: `limits.login_per_ip`: `5/0s` is not a rate",
        ),
        ("[password]\nmin_length = 7", "cloakroom.toml:10:1: `password.min_length`: must be from 8 to 64"),
        ("[password]\nmin_length = 257", "cloakroom.toml:10:1: `password.min_length`: must be from 8 to 64"),
        ("[password]\nmin_length = -1", "cloakroom.toml:10:1: `password.min_length`: "),
        ("[signup]\nmode = \"opened\"", "cloakroom.toml:10:1: `signup.mode`: unknown variant `opened`"),
        (
            "[[provider]]\nid = \"link\"\nkind = \"github\"\nclient_id = \"x\"\nclient_secret = \"y\"",
            "cloakroom.toml:10:1: `provider.0.id`: `link` cannot be a path segment here",
        ),
        (
            "[[provider]]\nid = \"git/hub\"\nkind = \"github\"\nclient_id = \"x\"\nclient_secret = \"y\"",
            "cloakroom.toml:10:1: `provider.0.id`: `git/hub` cannot be",
        ),
        (
            "[[provider]]\nid = \"sso\"\nclient_id = \"x\"\nclient_secret = \"y\"",
            "cloakroom.toml:9:3: `provider.0.kind`: `sso` is not one of",
        ),
        (
            "[[provider]]\nid = \"sso\"\nkind = \"oidc\"\nclient_id = \"x\"\nclient_secret = \"y\"",
            "cloakroom.toml:9:3: `provider.0.issuer`: is needed",
        ),
        (
            "[pipeline]\nsteps = [\"social_detials\"]",
            "cloakroom.toml:10:1: `pipeline.steps`: `social_detials` is not a step",
        ),
    ] {
        let complaint = complaint(text);
        assert!(complaint.starts_with(told), "{text}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    }
    for (line, told) in [
        ("listen = \"localhost\"", "cloakroom.toml:1:1: `listen`: `localhost` is not an address and port"),
        (
            "trusted_proxies = [\"127.0.0.1\", \"nonsense\"]",
            "cloakroom.toml:1:1: `trusted_proxies`: `nonsense` is not a network",
        ),
    ] {
        let complaint = Place::new(&format!("{line}\n{LEAST}")).load().unwrap_err();
        assert!(complaint.starts_with(told), "{line}: {complaint}");
    }
    for (from, to, told) in [
        (
            "sqlite:cloakroom.db",
            "mysql://localhost/x",
            "cloakroom.toml:3:1: `database.url`: must begin with sqlite: or postgres://",
        ),
        ("smtp://127.0.0.1:1025", "127.0.0.1:1025", "cloakroom.toml:5:1: `mail.url`: must begin with"),
        ("Acme <no-reply@acme.test>", "Acme", "cloakroom.toml:6:1: `mail.from`: must be an address"),
        (
            "Acme <no-reply@acme.test>",
            "Acme\\r\\nBcc: <v@acme.test>",
            "cloakroom.toml:6:1: `mail.from`: must be an address",
        ),
        ("name = \"Acme\"", "name = \" \"", "cloakroom.toml:8:1: `app.name`: must be a name"),
    ] {
        let complaint = Place::new(&LEAST.replace(from, to)).load().unwrap_err();
        assert!(complaint.starts_with(told), "{to}: {complaint}");
    }
}

#[test]
fn a_public_url_is_https_or_loopback_and_nothing_but_an_origin() {
    let with = |url: &str| Place::new(&LEAST.replace("https://app.example.com", url)).load();
    for unsafe_url in [
        "http://app.example.com",
        "http://10.0.0.1",
        "http://192.168.1.5:3000",
        "http://0.0.0.0:3000",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://notlocalhost",
        "ftp://localhost",
        "ws://localhost",
    ] {
        let complaint = with(unsafe_url).expect_err(unsafe_url);
        assert!(complaint.starts_with("cloakroom.toml:1:1: `public_url`: "), "{complaint}");
        assert!(complaint.contains("is not safe"), "{complaint}");
    }
    for not_an_origin in
        ["", "app.example.com", "https://", "https://x/path", "https://x/?q", "https://x/#f", "https://u:p@x"]
    {
        let complaint = with(not_an_origin).expect_err(not_an_origin);
        assert!(complaint.starts_with("cloakroom.toml:1:1: `public_url`: "), "{not_an_origin}: {complaint}");
    }
    for (url, origin) in [
        ("https://App.Example.COM/", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("https://app.example.com:8443", "https://app.example.com:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.9:80", "http://127.0.0.9"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://b\u{fc}cher.example", "https://xn--bcher-kva.example"),
    ] {
        assert_eq!(with(url).unwrap().public_url.origin(), origin, "{url}");
    }
}

#[test]
fn a_provider_whose_every_word_counts_may_not_join_accounts_by_address() {
    let joins = "[pipeline]\nsteps = [\"social_details\", \"social_uid\", \"social_user\", \"associate_by_verified_email\", \"create_user\", \"associate_user\"]\n";
    let text = format!("{GITHUB}trust_email = \"always\"\n{joins}");
    let complaint = complaint(&text);
    assert!(complaint.starts_with("cloakroom.toml:13:1: `provider.0.trust_email`: `always` is not safe together with associate_by_verified_email"), "{complaint}");
    for safe in [
        format!("{GITHUB}trust_email = \"always\"\n"),
        format!("{GITHUB}{joins}"),
        format!("{GITHUB}trust_email = \"verified\"\n{joins}"),
    ] {
        Place::new(&format!("{LEAST}{safe}")).load().unwrap();
    }
}

#[test]
fn all_errors_are_reported_at_once_one_per_line() {
    let told = complaint("nmae = 1\n[session]\nidle = 3\n[pasword]\nx = 1");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    for (line, place) in
        lines.iter().zip(["cloakroom.toml:9:1: ", "cloakroom.toml:12:2: ", "cloakroom.toml:11:8: "])
    {
        assert!(told.contains(place), "{line} {place}");
    }
}

#[test]
fn invalid_toml_is_reported_with_its_place() {
    for (text, place) in [
        ("x = = 1", "cloakroom.toml:9:5: "),
        ("[unclosed", "cloakroom.toml:9:"),
        ("dir = 'a\nb'", "cloakroom.toml:10:"),
    ] {
        assert!(complaint(text).starts_with(place), "{}", complaint(text));
    }
    let twice = complaint("name = \"Acme\"");
    assert!(twice.starts_with("cloakroom.toml:9:1: ") && twice.contains("duplicate key"), "{twice}");
    let directory = tempfile::tempdir().unwrap();
    let absent =
        Config::load(Some(&directory.path().join("absent.toml")), &Overrides::default()).unwrap_err();
    assert!(absent.to_string().contains("absent.toml: cannot be read"), "{absent}");
}

#[test]
fn o34_a_provider_that_cannot_be_used_is_refused_before_anything_starts() {
    let complaint_about = |lines: &str| complaint(&format!("[[provider]]\n{lines}"));
    let good = "client_id = \"x\"\nclient_secret = \"y\"";
    for (lines, told) in [
        ("id = \"github\"\nclient_secret = \"y\"".to_owned(), "client_id"),
        ("id = \"github\"\nclient_id = \"x\"".to_owned(), "client_secret"),
        ("id = \"github\"\nclient_id = \"x\"\nclient_secret = \"\"".to_owned(), "client_secret"),
        (format!("id = \"oidc\"\n{good}"), "issuer"),
        (format!("id = \"corp\"\n{good}"), "kind"),
        (format!("id = \"corp\"\nkind = \"oidc\"\nissuer = \"http://idp.example.com\"\n{good}"), "issuer"),
        (format!("id = \"github\"\ntoken_url = \"http://github.example.com/token\"\n{good}"), "token_url"),
        (format!("id = \"github\"\nuserinfo_url = \"file:///etc/passwd\"\n{good}"), "userinfo_url"),
        (format!("id = \"github\"\nemails_url = \"not a url\"\n{good}"), "emails_url"),
    ] {
        let complaint = complaint_about(&lines);
        assert!(complaint.contains(&format!("`provider.0.{told}`")), "{lines}: {complaint}");
    }
}

/// One mistyped source would silently disable the whole policy.
#[test]
fn finding_n2_an_invalid_source_is_reported() {
    for (source, told) in [
        ("https://a.test https://b.test", "is not one source"),
        ("https://a.test; script-src *", "is not one source"),
        ("self", "needs single quotes"),
        ("unsafe-inline", "needs single quotes"),
        ("'unsafe-inlin'", "is no keyword"),
        ("'none'", "adds nothing"),
        ("'nonce-abc'", "a nonce must change"),
        ("https//a.test", "is no source"),
        ("https://", "is no source"),
        ("https://a.test?x=1", "is no source"),
        ("", "is not one source"),
    ] {
        let text = complaint(&format!("[app.csp]\nimg-src = [{source:?}]"));
        assert!(text.starts_with("cloakroom.toml:10:1: `app.csp.img-src`: "), "{source}: {text}");
        assert!(text.contains(told), "{source}: {text}");
    }
    let good = [
        "https://cdn.example.com",
        "cdn.example.com:8443",
        "*.example.com",
        "wss://x.test/live",
        "https:",
        "data:",
        "*",
        "'unsafe-eval'",
        "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
        "http://localhost:*",
    ];
    let place = Place::new(&format!("{LEAST}[app.csp]\nscript-src = {good:?}\n"));
    let config = Config::load(Some(&place.file()), &Overrides::default()).unwrap();
    assert_eq!(config.app.csp.script_src, good);
    assert!(complaint("[app.csp]\nimg_src = [\"data:\"]").contains("did you mean `img-src`?"));
}

#[test]
fn finding_v2_a_cookie_name_that_cannot_work_is_refused_with_words() {
    let with = |line: &str| complaint(&format!("[cookies]\n{line}\n"));
    for (line, told) in [
        ("session = \"__Host-id\"", "write the name without `__Host-`"),
        ("csrf = \"__secure-token\"", "write the name without `__secure-`"),
        ("browser = \"a b\"", "must be 1 to 64"),
        ("browser = \"\"", "must be 1 to 64"),
        ("csrf = \"sessionid\"", "is the name of another cookie here"),
        ("browser = \"SessionID\"", "is the name of another cookie here"),
        ("sesion = \"a\"", "session"),
    ] {
        let complaint = with(line);
        assert!(complaint.contains(told), "{line}: {complaint}");
    }
}
