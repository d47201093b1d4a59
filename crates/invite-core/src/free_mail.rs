//! Domains that give addresses to everybody.

use crate::Domain;

/// Which domains give addresses to everybody: nobody verifies such a domain as their own (F15).
///
/// A host that knows better brings its own list.
pub trait FreeMail: core::fmt::Debug + Send + Sync {
    /// Whether everybody can have an address of the domain.
    fn is_free_mail(&self, domain: &Domain) -> bool;
}

/// The best-known providers of free mail, and the larger providers of Internet access. It is a beginning and never
/// complete.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::exhaustive_structs, reason = "it holds nothing")]
pub struct CommonFreeMail;

impl FreeMail for CommonFreeMail {
    fn is_free_mail(&self, domain: &Domain) -> bool {
        COMMON.binary_search(&domain.as_str()).is_ok()
    }
}

/// In the order of bytes.
const COMMON: [&str; 135] = [
    "126.com",
    "163.com",
    "aim.com",
    "aliyun.com",
    "aol.com",
    "arcor.de",
    "att.net",
    "bellsouth.net",
    "bigpond.com",
    "bk.ru",
    "bluewin.ch",
    "bol.com.br",
    "btinternet.com",
    "centrum.cz",
    "charter.net",
    "comcast.net",
    "cox.net",
    "daum.net",
    "duck.com",
    "earthlink.net",
    "email.cz",
    "fastmail.com",
    "fastmail.fm",
    "foxmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hanmail.net",
    "hey.com",
    "home.nl",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.es",
    "hotmail.fr",
    "hotmail.it",
    "hushmail.com",
    "icloud.com",
    "ig.com.br",
    "inbox.lv",
    "inbox.ru",
    "interia.pl",
    "juno.com",
    "kpnmail.nl",
    "laposte.net",
    "libero.it",
    "list.ru",
    "live.co.uk",
    "live.com",
    "live.de",
    "live.fr",
    "live.nl",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "nate.com",
    "naver.com",
    "neuf.fr",
    "o2.pl",
    "onet.pl",
    "online.de",
    "optonline.net",
    "optusnet.com.au",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "outlook.es",
    "outlook.fr",
    "planet.nl",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.ch",
    "protonmail.com",
    "qq.com",
    "rambler.ru",
    "rediffmail.com",
    "rocketmail.com",
    "rogers.com",
    "sapo.pt",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sina.com",
    "sky.com",
    "skynet.be",
    "sohu.com",
    "sympatico.ca",
    "t-online.de",
    "talktalk.net",
    "telenet.be",
    "telus.net",
    "terra.com.br",
    "tiscali.it",
    "tuta.com",
    "tuta.io",
    "tutanota.com",
    "tutanota.de",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "virginmedia.com",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "xs4all.nl",
    "ya.ru",
    "yahoo.ca",
    "yahoo.co.in",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.com.au",
    "yahoo.com.br",
    "yahoo.de",
    "yahoo.es",
    "yahoo.fr",
    "yahoo.it",
    "yandex.com",
    "yandex.ru",
    "yeah.net",
    "ymail.com",
    "ziggo.nl",
    "zoho.com",
    "zohomail.com",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_of_domains_as_they_are_kept_f15() {
        assert!(COMMON.is_sorted());
        for domain in COMMON {
            assert_eq!(Domain::parse(domain).unwrap().as_str(), domain);
        }
    }

    #[test]
    fn what_everybody_can_have_is_known_whatever_its_case_and_what_lies_below_it_is_not_f15() {
        let is = |text: &str| CommonFreeMail.is_free_mail(&Domain::parse(text).unwrap());
        assert!(is("gmail.com") && is("GMail.com") && is("web.de") && is("yahoo.co.uk"));
        assert!(
            !is("example.com") && !is("mail.example.com") && !is("gmail.com.example") && !is("x.gmail.com")
        );
    }
}
