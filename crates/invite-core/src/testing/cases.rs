//! Tables of refusals: a sentence each, and none of a refusal's reasons forgotten.

use std::borrow::ToOwned;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::format;
use std::string::String;

use crate::Refusal;

/// Refusals of one operation that were seen, against those that its source declares.
pub(crate) struct Cases {
    declared: BTreeSet<String>,
    seen: BTreeSet<String>,
}

impl Cases {
    /// Of a refusal by its name, out of the file that declares it.
    pub(crate) fn of(name: &str, source: &str) -> Self {
        let declaration =
            source.split_once(&format!("{name}:\n")).or(source.split_once(&format!("{name}: ")));
        let (_, rest) = declaration.expect("a refusal is declared");
        let (reasons, _) = rest.split_once('}').unwrap();
        let declared = reasons.split(',').map(|reason| reason.trim().to_owned());
        Self { declared: declared.filter(|reason| !reason.is_empty()).collect(), seen: BTreeSet::new() }
    }

    /// A command that is refused, as the sentence says, for this reason.
    #[track_caller]
    pub(crate) fn refused<T: Debug, R: Refusal + serde::Serialize>(
        &mut self,
        sentence: &str,
        reason: &str,
        result: Result<T, R>,
    ) {
        let refusal = result.expect_err(sentence);
        let json = serde_json::to_value(&refusal).unwrap();
        let found = json.as_object().unwrap().keys().next().unwrap().clone();
        assert_eq!(found, snake(reason), "{sentence}: {refusal:?}");
        let (text, code) = (format!("{refusal}"), refusal.code());
        assert!(!text.is_empty() && !text.contains("@example.com") || text.contains('…'), "{text}");
        assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{code}");
        assert!(!refusal.remedy().is_empty() && !refusal.rule().is_empty());
        assert!(self.declared.contains(reason), "{reason} is declared");
        self.seen.insert(reason.to_owned());
    }

    /// Each of them was seen, but for those that cannot happen and say why not.
    #[track_caller]
    pub(crate) fn are_all_but(self, never: &[(&str, &str)]) {
        let never = never.iter().map(|(reason, _why)| (*reason).to_owned()).collect::<BTreeSet<_>>();
        assert!(never.is_disjoint(&self.seen), "{never:?} can happen");
        let unseen = self.declared.difference(&self.seen).cloned().collect::<BTreeSet<_>>();
        assert_eq!(unseen, never, "every reason is reached, or cannot be");
    }
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}
