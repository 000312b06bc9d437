//! The brand in `[app]`: what is refused, each with its key and its place.

use std::fs;

use super::{LEAST, Place};

const DRAWING: &str =
    r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8z"/></svg>"#;

/// A PNG of one pixel, without the chunks that a complaint would not look at.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

/// Loads the smallest file with `setting` in `[app]`, beside a file `logo.svg` with that content.
fn load(setting: &str, logo: &[u8]) -> Result<cloakroom::Config, String> {
    let place = Place::new(&format!("{LEAST}{setting}"));
    fs::write(place.path().join("logo.svg"), logo).unwrap();
    place.load()
}

/// Returns the complaint about a logo, without its place.
fn of_logo(logo: &[u8]) -> Option<String> {
    let complaint = load("logo = \"logo.svg\"", logo).err()?;
    let told = complaint.strip_prefix("cloakroom.toml:9:1: `app.logo`: logo.svg: ");
    Some(told.unwrap_or_else(|| panic!("{complaint}")).to_owned())
}

#[test]
fn pictures_of_each_type_are_taken_whatever_their_name() {
    let webp = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0";
    let exported = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- Exported -->\n<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \
         \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">\n{}",
        r##"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
            xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><metadata><rdf:RDF rdf:resource="http://example.com/"/></metadata>
            <style>.a{fill:url(#b)} @font-face{src:url("data:font/woff2;base64,AA==")}</style><linearGradient id="b"/>
            <rect class="a" style="fill:#fff" fill="url(#b)"/><use xlink:href="#b"/>
            <image href="data:image/png;base64,AA=="/></svg>"##
    );
    for logo in [DRAWING.as_bytes(), PNG, webp, exported.as_bytes()] {
        assert_eq!(of_logo(logo), None);
    }
}

#[test]
fn a_logo_that_is_a_script_is_refused() {
    for (body, told) in [
        ("<script>alert(1)</script>", "holds an element `script`"),
        ("<g><SCRIPT href=\"data:,\"/></g>", "holds an element `SCRIPT`"),
        ("<x:script xmlns:x=\"http://www.w3.org/2000/svg\"/>", "holds an element `script`"),
        ("<path onload=\"alert(1)\"/>", "has an event handler, `onload`"),
        ("<path OnClick=\"alert(1)\"/>", "has an event handler, `OnClick`"),
        ("<a href=\"https://evil.test/\"><path/></a>", "holds an element `a`"),
        ("<foreignObject><p>…</p></foreignObject>", "holds an element `foreignObject`"),
        ("<h:iframe xmlns:h=\"http://www.w3.org/1999/xhtml\" src=\"/\"/>", "holds HTML: `iframe`"),
        (
            "<image href=\"https://evil.test/a.png\"/>",
            "refers to something outside of itself, `https://evil.test/a.png`",
        ),
        (
            "<use xlink:href=\"//evil.test/a.svg#b\"/>",
            "refers to something outside of itself, `//evil.test/a.svg#b`",
        ),
        ("<image href=\"data:image/svg+xml,…\"/>", "refers to something outside of itself"),
        ("<use href=\" java&#x09;script:alert(1)\"/>", "refers to something outside of itself"),
        (
            "<rect fill=\"url(https://evil.test/a.svg#b)\"/>",
            "refers to something outside of itself, `https://evil.test/a.svg#b`",
        ),
        (
            "<rect style=\"fill: URL( 'other.svg#b' )\"/>",
            "refers to something outside of itself, `other.svg#b`",
        ),
        ("<style>@import 'https://evil.test/a.css';</style>", "has styles that could load something"),
        ("<style><![CDATA[@IMPORT 'a.css';]]></style>", "has styles that could load something"),
        ("<style>rect{fill:u\\72l(https://evil.test/)}</style>", "has styles that could load something"),
        (
            "<style>rect{mask:image-set('https://evil.test/a.png' 1x)}</style>",
            "has styles that could load something",
        ),
        ("<set attributeName=\"xlink:href\" to=\"javascript:alert(1)\"/>", "animates `xlink:href`"),
        ("<g xml:base=\"https://evil.test/\"/>", "sets a base for addresses"),
        ("<?xml-stylesheet href=\"https://evil.test/a.css\"?>", "loads a style sheet"),
    ] {
        let head = "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\">";
        let complaint = of_logo(format!("{head}{body}</svg>").as_bytes());
        assert!(
            complaint.as_deref().is_some_and(|complaint| complaint.starts_with(told)),
            "{body}: {complaint:?}"
        );
    }
    let entity =
        r#"<!DOCTYPE svg [<!ENTITY x "alert(1)">]><svg xmlns="http://www.w3.org/2000/svg">&x;</svg>"#;
    assert_eq!(of_logo(entity.as_bytes()).unwrap(), "declares entities: export it without them");
}

#[test]
fn a_logo_that_is_no_picture_is_refused() {
    let deep = format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{}", "<g>".repeat(60_000));
    for (logo, told) in [
        (&b"alert(1)"[..], "is no SVG, PNG or WebP, whatever its name says"),
        (b"", "is no SVG, PNG or WebP, whatever its name says"),
        (b"GIF89a\x01\0\x01\0\x80\0\0", "is no SVG, PNG or WebP, whatever its name says"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01", "is no SVG, PNG or WebP, whatever its name says"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is damaged: it has no size"),
        (b"<!doctype html><html><script>alert(1)</script></html>", "cannot be read as XML: "),
        (b"<html><body/></html>", "is no SVG: its root is `html`"),
        (b"<svg viewBox=\"0 0 8 8\"/>", "is shown by no browser: its `svg` lacks `xmlns"),
        (b"<svg xmlns=\"http://www.w3.org/2000/svg\"><g></svg>", "cannot be read as XML: "),
        (deep.as_bytes(), "cannot be read as XML: "),
        (&vec![b' '; 256 * 1024 + 1], "is larger than 256 KiB"),
    ] {
        let complaint = of_logo(logo);
        let beginning = String::from_utf8_lossy(&logo[..logo.len().min(60)]).into_owned();
        assert!(
            complaint.as_deref().is_some_and(|complaint| complaint.starts_with(told)),
            "{beginning}: {complaint:?}"
        );
    }
}

#[test]
fn each_missing_file_is_reported_with_its_key() {
    let place = Place::new(&format!("{LEAST}logo = \"a.svg\"\nlogo_dark = \"b.svg\"\nicon = \".\"\n"));
    assert_eq!(
        place.load().unwrap_err(),
        "cloakroom.toml:9:1: `app.logo`: a.svg: cannot be read: No such file or directory (os error 2)\n\
         cloakroom.toml:10:1: `app.logo_dark`: b.svg: cannot be read: No such file or directory (os error 2)\n\
         cloakroom.toml:11:1: `app.icon`: .: is not a file"
    );
    let alone = load("logo_dark = \"logo.svg\"", DRAWING.as_bytes()).unwrap_err();
    assert_eq!(alone, "cloakroom.toml:9:1: `app.logo_dark`: needs a `logo` for light pages beside it");
}

#[test]
fn links_that_lead_nowhere_are_refused() {
    for setting in [
        "support = \"help@example.com\"",
        "support = \"https://example.com/help\"",
        "support = \"/help\"",
        "terms = \"/terms?in=full#end\"",
        "privacy = \"http://intranet/privacy\"",
    ] {
        assert!(load(setting, b"").is_ok(), "{setting}");
    }
    for (setting, told) in [
        (
            "support = \"ask Ann\"",
            "`app.support`: `ask Ann` is neither an address, as in `help@example.com`, nor a URL, nor a path",
        ),
        ("support = \"javascript:alert(1)\"", "`app.support`: `javascript:alert(1)` is neither an address"),
        (
            "terms = \"terms\"",
            "`app.terms`: `terms` is neither a URL, as in `https://example.com/terms`, nor a path, as in `/terms`",
        ),
        ("terms = \"//evil.test/\"", "`app.terms`: `//evil.test/` is neither"),
        ("terms = \"/\\\\evil.test/\"", "`app.terms`: `/\\\\evil.test/` is neither"),
        ("privacy = \"data:text/html,x\"", "`app.privacy`: `data:text/html,x` is neither"),
        ("privacy = \"help@example.com\"", "`app.privacy`: `help@example.com` is neither"),
    ] {
        let complaint = load(setting, b"").unwrap_err();
        assert!(complaint.starts_with(&format!("cloakroom.toml:9:1: {told}")), "{setting}: {complaint}");
    }
}

#[test]
fn a_language_without_texts_is_refused() {
    assert_eq!(load("languages = [\"de\", \"en\"]", b"").unwrap().app.languages, ["de", "en"]);
    for (setting, told) in [
        ("languages = [\"en\", \"tlh\"]", "has no texts in `tlh`; there are texts in `en`, `de`, `fr`, `es`"),
        ("languages = [\"EN\"]", "has no texts in `EN`; there are texts in `en`, `de`, `fr`, `es`"),
        ("languages = []", "must name one at least; there are texts in `en`, `de`, `fr`, `es`"),
        ("languages = [\"de\", \"de\"]", "names `de` twice"),
    ] {
        let complaint = load(setting, b"").unwrap_err();
        assert!(
            complaint.starts_with(&format!("cloakroom.toml:9:1: `app.languages`: {told}")),
            "{setting}: {complaint}"
        );
    }
    let order = load("order = \"passkeys\"", b"").unwrap_err();
    assert!(
        order.contains("`app.order`: unknown variant `passkeys`, expected `form` or `providers`"),
        "{order}"
    );
}

#[test]
fn a_name_that_has_no_place_is_refused() {
    let named =
        |name: &str| Place::new(&LEAST.replace("\"Acme\"", &toml::Value::from(name).to_string())).load();
    for name in ["Größe & Söhne <\"'>", "🧥 日本", &"a".repeat(100)] {
        assert_eq!(named(name).unwrap().app.name, name);
    }
    for (name, told) in [
        ("a".repeat(200), "has 200 characters, and at most 100 have a place"),
        ("Acme\nBcc: all@example.com".to_owned(), "must be a name of one line"),
        ("Acme\u{202e}emcA".to_owned(), "must be a name of one line"),
    ] {
        assert_eq!(named(&name).unwrap_err(), format!("cloakroom.toml:8:1: `app.name`: {told}"));
    }
}
