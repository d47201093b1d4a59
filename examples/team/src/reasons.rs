//! Why some of a list were refused: each reason once, with all that it concerns.

use invite::Refusal;
use invite::core::InvalidFragment;

/// Why one of a list was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Why {
    pub(crate) code: String,
    pub(crate) rule: &'static str,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Why {
    pub(crate) fn of(reason: &impl Refusal) -> Self {
        let (code, rule) = (reason.code().to_owned(), reason.rule());
        Self { code, rule, message: reason.to_string(), remedy: reason.remedy() }
    }

    /// What the library says of a fragment that is nobody's address, where it was not asked.
    pub(crate) fn not_an_address(reason: &InvalidFragment) -> Self {
        let message = format!("this is not an address that can be invited: {reason}");
        Self { code: "invalid-address".into(), rule: "IDN-7", message, remedy: "correct the address".into() }
    }
}

/// The reasons of a list, in the order in which they were met.
#[derive(Debug, Default)]
pub(crate) struct Reasons(Vec<(Why, Vec<String>)>);

/// How many places are named for one reason.
const MOST_PLACES: usize = 10;

impl Reasons {
    /// Adds what is refused at a place of the list, and says so in a word.
    pub(crate) fn refused(&mut self, place: impl ToString, why: &Why) -> String {
        let place = place.to_string();
        match self.0.iter_mut().find(|(known, _)| known == why) {
            Some((_, places)) => places.push(place),
            None => self.0.push((why.clone(), vec![place])),
        }
        format!("refused: {}", why.code)
    }

    /// Each reason with its places and what to do about it.
    pub(crate) fn text(&self) -> String {
        let reason = |(why, places): &(Why, Vec<String>)| {
            let Why { code, message, remedy, .. } = why;
            let named = places.iter().take(MOST_PLACES).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = match places.len().saturating_sub(MOST_PLACES) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("\n{code}: {named}{more}\n  {message}\n  do: {remedy}\n")
        };
        self.0.iter().map(reason).collect()
    }
}
