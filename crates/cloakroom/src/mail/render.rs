//! Turns the content of a mail into words.
//!
//! There are two steps, so that no value is ever read as a template or as HTML. First the words of a message get their values,
//! as plain text. Then the finished text goes into the layout, which escapes all of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use html_escape::encode_quoted_attribute;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Asked, Kind, Letter, Locale, Rendered};
use crate::brand::{Brand, MailBrand};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::error::{Error, Result};

/// The message file of a language.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Language {
    dir: String,
    time: String,
    months: [String; 12],
    when: String,
    device: String,
    network: String,
    browser_on_system: String,
    unknown_device: String,
    plain_link: String,
    kept: String,
    unlinked: String,
    /// The labels of the links in the footer.
    support: String,
    terms: String,
    privacy: String,
    reasons: BTreeMap<String, String>,
    mails: BTreeMap<String, Words>,
}

/// The words of one mail.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    subject: String,
    /// The preheader: a list of mails shows it after the subject.
    preheader: String,
    title: String,
    body: Vec<String>,
    button: Option<String>,
    code: Option<String>,
    until: Option<String>,
    /// The text after `until` when there is a code beside the link.
    code_until: Option<String>,
    not_you: String,
    reason: String,
}

/// The values for names in the words. A name without a value cannot be written: such a mail is a bug of ours, and is not sent.
#[derive(Serialize)]
struct Values<'a> {
    app: &'a str,
    host: &'a str,
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_until: Option<String>,
}

/// The values that the layout shows; all of them are finished text.
#[derive(Serialize)]
struct Page<'a> {
    lang: &'static str,
    dir: &'a str,
    brand: MailBrand<'a>,
    subject: &'a str,
    preheader: String,
    padding: String,
    title: String,
    body: Vec<String>,
    lists: Vec<List<'a>>,
    is_notice: bool,
    link: Option<String>,
    button: Option<String>,
    plain_link: &'a str,
    code: Option<&'a str>,
    code_intro: Option<String>,
    until: Option<String>,
    not_you: String,
    facts: Vec<Fact<'a>>,
    reason: String,
    links: Vec<FooterLink>,
}

#[derive(Serialize)]
struct List<'a> {
    intro: &'a str,
    items: &'a [String],
}

/// A link of the footer: to help, to the terms, to the privacy notice.
#[derive(Serialize)]
struct FooterLink {
    label: String,
    url: String,
    /// The address as plain text has it.
    shown: String,
}

#[derive(Serialize)]
struct Fact<'a> {
    label: &'a str,
    value: String,
}

/// Characters that nobody sees. After the preheader they fill the line in a list of mails, which would go on with the body.
const PADDING: &str = "\u{34f}\u{200c}\u{a0}";

static ENGLISH: LazyLock<Language> = LazyLock::new(|| language(include_str!("messages/en.json")));
static GERMAN: LazyLock<Language> = LazyLock::new(|| language(include_str!("messages/de.json")));
static FRENCH: LazyLock<Language> = LazyLock::new(|| language(include_str!("messages/fr.json")));
static SPANISH: LazyLock<Language> = LazyLock::new(|| language(include_str!("messages/es.json")));

/// Parses a message file, which is part of the binary. A test parses every one.
fn language(text: &str) -> Language {
    serde_json::from_str(text).expect("a message file has every message")
}

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_syntax(SyntaxConfig::builder().trim_blocks(true).build().expect("the usual delimiters"));
    templates.set_auto_escape_callback(|name| match name {
        "layout.html" => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    templates.set_formatter(|output, state, value| {
        let text = value.to_string();
        // Unlike the engine's own escaping, this leaves `/` alone: a link stays readable in the source of a mail.
        let is_html = matches!(state.auto_escape(), AutoEscape::Html);
        let text = if is_html { encode_quoted_attribute(&text) } else { text.as_str().into() };
        Ok(output.write_str(&text)?)
    });
    for (name, source) in
        [("layout.html", include_str!("layout.html")), ("layout.txt", include_str!("layout.txt"))]
    {
        templates.add_template(name, source).expect("the layout can be read");
    }
    templates
});

/// Puts a letter into words.
///
/// # Errors
/// [`Error::Internal`] when the letter lacks a value that its words name.
pub(crate) fn render(config: &Config, brand: &Brand, letter: &Letter) -> Result<Rendered> {
    let language: &Language = match letter.locale {
        Locale::En => &ENGLISH,
        Locale::De => &GERMAN,
        Locale::Fr => &FRENCH,
        Locale::Es => &SPANISH,
    };
    let words = language.mails.get(letter.kind.name());
    let words = words.ok_or_else(|| Error::internal(format!("no words for {}", letter.kind.name())))?;
    let time = |instant| time(language, instant);
    let values = Value::from(Serde(Values {
        app: &config.app.name,
        host: host(config),
        to: &letter.to,
        address: letter.address.as_deref(),
        provider: letter.provider.as_deref(),
        until: letter.expires_at.map(time).transpose()?,
        code_until: letter.code_expires_at.map(time).transpose()?,
    }));
    let put = |words: &String| fill(words, &values);
    let brand = brand.in_mail();
    let optional = |words: Option<&String>| words.map(put).transpose();
    let code = code(letter, words)?;
    let beside = |words: Option<&String>| optional(words.filter(|_| code.is_some()));
    let until = [optional(words.until.as_ref())?, beside(words.code_until.as_ref())?];
    let until = until.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let reason = language.reasons.get(&words.reason);
    let subject = put(&words.subject)?;
    let page = Value::from(Serde(Page {
        lang: letter.locale.tag(),
        dir: &language.dir,
        subject: &subject,
        preheader: put(&words.preheader)?,
        padding: PADDING.repeat(60),
        title: put(&words.title)?,
        body: words.body.iter().map(put).collect::<Result<_>>()?,
        lists: lists(language, letter),
        is_notice: letter.kind.is_notice(),
        link: link(config, letter)?,
        button: optional(words.button.as_ref())?,
        plain_link: &language.plain_link,
        code,
        code_intro: beside(words.code.as_ref())?,
        until: Some(until).filter(|until| !until.is_empty()),
        not_you: put(&words.not_you)?,
        facts: facts(language, &letter.asked)?,
        reason: put(reason.ok_or_else(|| Error::internal(format!("no reason {}", words.reason)))?)?,
        links: footer(language, &brand, &values)?,
        brand,
    }));
    let layout = |name| TEMPLATES.get_template(name).and_then(|layout| layout.render(&page));
    Ok(Rendered {
        text: layout("layout.txt").map_err(Error::internal)?,
        html: layout("layout.html").map_err(Error::internal)?,
        subject,
    })
}

/// Returns the target of the button: the given link, or the page of the app that helps.
fn link(config: &Config, letter: &Letter) -> Result<Option<String>> {
    let page = match letter.kind {
        Kind::AccountExists | Kind::SocialEmailHasAccount | Kind::AccountActivated => "/login",
        Kind::PasswordChanged | Kind::PasswordWasReset | Kind::PasswordAdded | Kind::PasswordSetForYou => {
            "/forgot-password"
        }
        Kind::IdentityLinked | Kind::IdentityUnlinked | Kind::RightsGiven | Kind::RightsTaken => "/account",
        Kind::AccountDeactivated | Kind::AccountDeleted | Kind::LinkCode | Kind::Test => return Ok(None),
        _ => {
            let link = letter.link.clone();
            return link.map(Some).ok_or_else(|| Error::internal("a mail without its link"));
        }
    };
    Ok(Some(letter.link.clone().unwrap_or_else(|| format!("{}{page}", config.public_url.origin()))))
}

/// Returns the linked accounts that a recovery kept and those that it unlinked.
fn lists<'a>(language: &'a Language, letter: &'a Letter) -> Vec<List<'a>> {
    let kept = List { intro: &language.kept, items: &letter.recovered.kept };
    let unlinked = List { intro: &language.unlinked, items: &letter.recovered.unlinked };
    [kept, unlinked].into_iter().filter(|list| !list.items.is_empty()).collect()
}

/// Returns the links of the footer, for the addresses that the brand has.
fn footer(language: &Language, brand: &MailBrand<'_>, values: &Value) -> Result<Vec<FooterLink>> {
    let all = [
        (&language.support, &brand.support),
        (&language.terms, &brand.terms),
        (&language.privacy, &brand.privacy),
    ];
    let given = all.into_iter().filter_map(|(label, url)| Some((label, url.clone()?)));
    given
        .map(|(label, url)| {
            let shown = url.trim_start_matches("mailto:").to_owned();
            Ok(FooterLink { label: fill(label, values)?, url, shown })
        })
        .collect()
}

/// Returns the code, when the words have a place for it. A mail with a link omits the code once there is no time to type it.
fn code<'a>(letter: &'a Letter, words: &Words) -> Result<Option<&'a str>> {
    match (&words.code, &letter.code) {
        (None, _) => Ok(None),
        (Some(_), Some(code)) => Ok(Some(code)),
        (Some(_), None) if letter.link.is_some() => Ok(None),
        (Some(_), None) => Err(Error::internal("a mail without its code")),
    }
}

fn facts<'a>(language: &'a Language, asked: &Asked) -> Result<Vec<Fact<'a>>> {
    let mut facts = vec![Fact { label: &language.when, value: time(language, asked.at)? }];
    let is_from_somewhere = !matches!(&*asked.network, "" | "unknown");
    let device = match (asked.device.browser(), asked.device.system()) {
        (Some(browser), Some(system)) => {
            let names = BTreeMap::from([("browser", browser), ("system", system)]);
            Some(fill(&language.browser_on_system, &Value::from(Serde(names)))?)
        }
        (Some(name), None) | (None, Some(name)) => Some(name.to_owned()),
        (None, None) if !is_from_somewhere => None,
        (None, None) => Some(language.unknown_device.clone()),
    };
    facts.extend(device.map(|value| Fact { label: &language.device, value }));
    if is_from_somewhere {
        facts.push(Fact { label: &language.network, value: asked.network.clone() });
    }
    Ok(facts)
}

/// Fills words with their values.
fn fill(words: &str, values: &Value) -> Result<String> {
    TEMPLATES.render_named_str("words", words, values).map_err(Error::internal)
}

/// Returns a time as people of that language write it: to the minute, in UTC and marked so.
fn time(language: &Language, instant: Timestamp) -> Result<String> {
    let instant = OffsetDateTime::from_unix_timestamp(instant.as_millis() / 1000).map_err(Error::internal)?;
    let month = &language.months[usize::from(u8::from(instant.month()) - 1)];
    let values = BTreeMap::from([
        ("day", instant.day().to_string()),
        ("month", month.clone()),
        ("year", instant.year().to_string()),
        ("hour", format!("{:02}", instant.hour())),
        ("minute", format!("{:02}", instant.minute())),
    ]);
    fill(&language.time, &Value::from(Serde(values)))
}

/// Returns the public URL without its scheme, the form in which people know the app.
fn host(config: &Config) -> &str {
    let origin = config.public_url.origin();
    origin.split_once("://").map_or(origin, |(_, host)| host)
}
