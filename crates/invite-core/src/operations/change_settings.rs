//! Change the settings.

use alloc::string::ToString;

use serde::{Deserialize, Serialize};

use crate::operation::sealed::Sealed;
use crate::refusal::{InvalidSettings, refused};
use crate::rules::{authority, organization, require_not_closed};
use crate::text::has_control;
use crate::{AccessModel, Actor, Draft, Event, Host, Operation, Permission, Reads, Scope, Settings, Stop};

/// Changes the settings, all at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeSettings {
    settings: Settings,
}

impl ChangeSettings {
    /// To these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

/// What came of changing the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SettingsChanged {
    /// The settings from now on.
    pub settings: Settings,
}

refused! {
    /// Why the settings were not changed.
    ChangeSettingsRefused: NotPermitted, OrganizationClosed, InvalidSettings
}

impl Sealed for ChangeSettings {}

impl Operation for ChangeSettings {
    type Outcome = SettingsChanged;
    type Refusal = ChangeSettingsRefused;
    const NAME: &'static str = "change-settings";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor)
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_not_closed(draft)?;
        let permitted = authority(host, draft, actor)?.require(&Permission::MANAGE, &Scope::Organization);
        draft.rule("AUT-1", permitted.map_err(ChangeSettingsRefused::from))?;
        check_settings(host.model, &self.settings).map_err(ChangeSettingsRefused::from)?;
        if organization::<ChangeSettingsRefused>(draft)?.settings != self.settings {
            draft.emit(Event::SettingsChanged { settings: self.settings.clone() });
        }
        Ok(SettingsChanged { settings: self.settings.clone() })
    }
}

/// Requires a name, sane lengths, an `https` page, few rules about domains, an expiry between a minute and a century, and
/// a retention between a day and a century.
pub(super) fn check_settings(model: &AccessModel, settings: &Settings) -> Result<(), InvalidSettings> {
    check_texts(model, &settings.name, settings.description.as_deref(), settings.about_url.as_deref())?;
    if settings.domains.count() > model.caps.domain_rules {
        let what = "there are too many rules about domains".to_string();
        return Err(InvalidSettings { what });
    }
    if settings.expiry_seconds.is_some_and(|seconds| !(60..=3_155_760_000).contains(&seconds)) {
        let what = "the expiry must lie between a minute and a century".to_string();
        return Err(InvalidSettings { what });
    }
    if settings.retention_seconds.is_some_and(|seconds| !(86_400..=3_155_760_000).contains(&seconds)) {
        let what = "ended invitations are kept for a day at least, and a century at most".to_string();
        return Err(InvalidSettings { what });
    }
    Ok(())
}

/// Requires a name, sane lengths and an `https` page, of an organization or of a group.
pub(super) fn check_texts(
    model: &AccessModel,
    name: &str,
    description: Option<&str>,
    about_url: Option<&str>,
) -> Result<(), InvalidSettings> {
    let wrong = |what: &str| Err(InvalidSettings { what: what.to_string() });
    let name = name.trim();
    if name.is_empty() || name.len() > model.caps.name_bytes || name.chars().any(char::is_control) {
        return wrong("the name is empty, too long, or holds a control character");
    }
    if description.is_some_and(|text| text.len() > model.caps.message_bytes) {
        return wrong("the description is too long");
    }
    if description.is_some_and(has_control) {
        return wrong("the description holds a control character");
    }
    let plain = |url: &str| url.bytes().all(|byte| byte.is_ascii_graphic());
    let sane = |url: &str| url.starts_with("https://") && url.len() <= model.caps.message_bytes && plain(url);
    if about_url.is_some_and(|url| !sane(url)) {
        return wrong("the page that tells more must begin with https:// and hold no space");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::borrow::ToOwned;

    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_a_manager_when_settings_change_then_they_hold_and_the_same_ones_are_no_fact() {
        let mut world = World::new();
        let settings = Settings::named("Acme").described("We make things.").about("https://acme.example/");
        world.ok(ChangeSettings::new(settings.clone()), &by("ada"));
        assert_eq!(world.organization().settings, settings);
        let before = world.events();
        world.ok(ChangeSettings::new(settings), &by("ada"));
        assert_eq!(world.events(), before);
    }

    #[test]
    fn given_texts_when_changed_then_each_may_be_as_long_as_the_cap_says_and_no_longer_abu_3() {
        let caps = Caps { name_bytes: 20, message_bytes: 30, ..Caps::default() };
        let mut world = World::of(model().caps(caps), roomy());
        let settings = |more: usize| {
            [
                ("the name", Settings::named("x".repeat(20 + more))),
                ("the description", Settings::named("Acme").described("x".repeat(30 + more))),
                ("the page", Settings::named("Acme").about("https://".to_owned() + &"x".repeat(22 + more))),
            ]
        };
        for (text, settings) in settings(0) {
            let changed = world.run(ChangeSettings::new(settings), &by("ada"));
            assert!(changed.is_ok(), "{text}: {changed:?}");
        }
        for (text, settings) in settings(1).into_iter().chain(settings(2)) {
            let refusal = world.run(ChangeSettings::new(settings), &by("ada")).unwrap_err();
            assert!(matches!(refusal, ChangeSettingsRefused::InvalidSettings(_)), "{text}: {refusal:?}");
        }
    }

    #[test]
    fn given_rules_about_domains_when_changed_then_there_are_as_many_as_the_cap_says_and_no_more_abu_3() {
        let caps = Caps { domain_rules: 2, ..Caps::default() };
        let mut world = World::of(model().caps(caps), roomy());
        let rule = |text| DomainRule::parse(text).unwrap();
        let two = DomainRules::new().allow(rule("example.com")).deny(rule("a.example.com"));
        let three = two.clone().deny(rule("b.example.com"));
        for (rules, expected) in [(two, None), (three, Some("invalid-settings"))] {
            let changed = world.run(ChangeSettings::new(Settings::named("Acme").domains(rules)), &by("ada"));
            assert_eq!(changed.err().map(|why| why.code()), expected);
        }
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("ChangeSettingsRefused", include_str!("change_settings.rs"));
        let mut world = World::new();
        world.add("lea", Grant::role("lead"));
        cases.refused(
            "given no right to manage, when changed, then it is missing",
            "NotPermitted",
            world.run(ChangeSettings::new(Settings::named("Mine")), &by("lea")),
        );
        let invalid = [
            Settings::named(""),
            Settings::named("a\nb"),
            Settings::named("x".repeat(201)),
            Settings::named("Acme").described("x".repeat(2_001)),
            Settings::named("Acme").about("http://acme.example/"),
            Settings::named("Acme").about("https://acme.example/ x"),
            Settings::named("Acme").expiry_seconds(0),
            Settings::named("Acme").expiry_seconds(59),
            Settings::named("Acme").expiry_seconds(u32::MAX),
            Settings::named("Acme").described("We make\0things."),
        ];
        for settings in invalid {
            cases.refused(
                "given settings that make no sense, when changed, then they are not valid (LIF-4, WEB-3)",
                "InvalidSettings",
                world.run(ChangeSettings::new(settings), &by("ada")),
            );
        }
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, when changed, then never (LIF-8)",
            "OrganizationClosed",
            world.run(ChangeSettings::new(Settings::named("Acme")), &by("ada")),
        );
        cases.are_all_but(&[]);
    }
}
