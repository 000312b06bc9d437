//! The browser and the system of a request, by our own names. Nothing of the header is kept, because its sender may have
//! invented it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A browser on a system, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Device {
    browser: Option<Browser>,
    system: Option<System>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Browser {
    Chrome,
    Edge,
    Firefox,
    Opera,
    Safari,
    SamsungInternet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum System {
    Android,
    ChromeOs,
    Ios,
    Linux,
    MacOs,
    Windows,
}

/// The marks of browsers. Each stands before the browsers that it also claims to be.
const BROWSERS: [(&str, Browser); 10] = [
    ("Edg/", Browser::Edge),
    ("EdgA/", Browser::Edge),
    ("EdgiOS/", Browser::Edge),
    ("OPR/", Browser::Opera),
    ("SamsungBrowser/", Browser::SamsungInternet),
    ("Firefox/", Browser::Firefox),
    ("FxiOS/", Browser::Firefox),
    ("CriOS/", Browser::Chrome),
    ("Chrome/", Browser::Chrome),
    ("Safari/", Browser::Safari),
];

const SYSTEMS: [(&str, System); 7] = [
    ("iPhone", System::Ios),
    ("iPad", System::Ios),
    ("Android", System::Android),
    ("CrOS", System::ChromeOs),
    ("Windows", System::Windows),
    ("Macintosh", System::MacOs),
    ("Linux", System::Linux),
];

/// Returns the browser and the system that a `User-Agent` names, if they are known.
pub(crate) fn device(user_agent: &str) -> Device {
    let browser = BROWSERS.into_iter().find(|(token, _)| user_agent.contains(token));
    let system = SYSTEMS.into_iter().find(|(token, _)| user_agent.contains(token));
    Device { browser: browser.map(|(_, browser)| browser), system: system.map(|(_, system)| system) }
}

impl Device {
    /// Returns the browser's name, which is the same in every language.
    pub(crate) const fn browser(self) -> Option<&'static str> {
        match self.browser {
            Some(Browser::Chrome) => Some("Chrome"),
            Some(Browser::Edge) => Some("Edge"),
            Some(Browser::Firefox) => Some("Firefox"),
            Some(Browser::Opera) => Some("Opera"),
            Some(Browser::Safari) => Some("Safari"),
            Some(Browser::SamsungInternet) => Some("Samsung Internet"),
            None => None,
        }
    }

    /// Returns the system's name, which is the same in every language.
    pub(crate) const fn system(self) -> Option<&'static str> {
        match self.system {
            Some(System::Android) => Some("Android"),
            Some(System::ChromeOs) => Some("ChromeOS"),
            Some(System::Ios) => Some("iOS"),
            Some(System::Linux) => Some("Linux"),
            Some(System::MacOs) => Some("macOS"),
            Some(System::Windows) => Some("Windows"),
            None => None,
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.browser(), self.system()) {
            (Some(browser), Some(system)) => write!(formatter, "{browser} on {system}"),
            (Some(name), None) | (None, Some(name)) => formatter.write_str(name),
            (None, None) => formatter.write_str("Unknown device"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::device;

    #[test]
    fn common_browsers_have_names() {
        for (user_agent, expected) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "Chrome on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
                "Safari on iOS",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
                "Samsung Internet on Android",
            ),
            ("curl/8.5.0", "Unknown device"),
            ("", "Unknown device"),
            ("Mozilla/5.0 (X11; Linux x86_64)", "Linux"),
        ] {
            assert_eq!(device(user_agent).to_string(), expected, "{user_agent}");
        }
    }

    #[test]
    fn t13_nothing_of_the_header_itself_remains() {
        let hostile = "Firefox/1.0 <img src=x> {{7*7}} https://evil.test\r\nBcc: v@x.test Linux";
        assert_eq!(device(hostile).to_string(), "Firefox on Linux");
        assert_eq!(
            serde_json::to_string(&device(hostile)).unwrap(),
            r#"{"browser":"firefox","system":"linux"}"#
        );
    }
}
