//! The commands: one file for each group of them.

pub(crate) mod answers;
pub(crate) mod demo;
pub(crate) mod groups;
pub(crate) mod invitations;
pub(crate) mod invite;
pub(crate) mod links;
pub(crate) mod log;
pub(crate) mod mail;
pub(crate) mod members;
pub(crate) mod organization;
pub(crate) mod requests;

use crate::args::{Given, Spec};
use crate::failure::Failure;
use crate::said::Said;

/// Every command, in the order of a team's life.
pub(crate) const COMMANDS: &[&Spec] = &[
    &organization::CREATE,
    &organization::PLAN,
    &organization::SEATS,
    &invite::INVITE,
    &invitations::INVITATIONS,
    &mail::SEND,
    &mail::MAIL,
    &answers::PREVIEW,
    &answers::ACCEPT,
    &answers::DECLINE,
    &invitations::RESEND,
    &invitations::REMIND,
    &invitations::REVOKE,
    &invitations::LINK,
    &groups::CREATE,
    &groups::GROUPS,
    &groups::CHANGE,
    &groups::ARCHIVE,
    &groups::RESTORE,
    &groups::CLOSE,
    &groups::JOIN,
    &links::CREATE,
    &links::LINKS,
    &links::SHOW,
    &links::EDIT,
    &links::SWITCH,
    &links::REFRESH,
    &links::REMOVE,
    &links::JOIN,
    &requests::ASK,
    &requests::PROPOSE,
    &requests::REQUESTS,
    &requests::APPROVE,
    &requests::DENY,
    &requests::WITHDRAW,
    &members::ROSTER,
    &members::MEMBERS,
    &members::ROLE,
    &members::SUSPEND,
    &members::RESTORE,
    &members::REMOVE,
    &members::LEAVE,
    &members::OFFER,
    &log::EVENTS,
    &organization::MAINTAIN,
    &demo::DEMO,
];

/// Runs a command.
pub(crate) async fn run(given: &Given) -> Result<Said, Failure> {
    match given.spec.name {
        "create" => organization::create(given).await,
        "plan" => organization::plan(given).await,
        "seats" => organization::seats(given).await,
        "invite" => invite::invite(given).await,
        "invitations" => invitations::list(given).await,
        "send" => mail::send(given).await,
        "mail" => mail::list(given).await,
        "preview" => answers::preview(given).await,
        "accept" => answers::accept(given).await,
        "decline" => answers::decline(given).await,
        "resend" => invitations::resend(given).await,
        "remind" => invitations::remind(given).await,
        "revoke" => invitations::revoke(given).await,
        "link" => invitations::link(given).await,
        "create-group" => groups::create(given).await,
        "groups" => groups::list(given).await,
        "change-group" => groups::change(given).await,
        "archive-group" => groups::archive(given).await,
        "restore-group" => groups::restore(given).await,
        "close-group" => groups::close(given).await,
        "join-group" => groups::join_group(given).await,
        "create-link" => links::create(given).await,
        "links" => links::list(given).await,
        "show-link" => links::show(given).await,
        "edit-link" => links::edit(given).await,
        "switch-link" => links::switch(given).await,
        "refresh-link" => links::refresh(given).await,
        "remove-link" => links::remove(given).await,
        "join" => links::join(given).await,
        "ask" => requests::ask(given).await,
        "propose" => requests::propose(given).await,
        "requests" => requests::list(given).await,
        "approve" => requests::approve(given).await,
        "deny" => requests::deny(given).await,
        "withdraw" => requests::withdraw(given).await,
        "suspend" => members::suspend(given).await,
        "restore" => members::restore(given).await,
        "maintain" => organization::maintain(given).await,
        "members" => members::list(given).await,
        "roster" => members::roster(given).await,
        "role" => members::role(given).await,
        "remove" => members::remove(given).await,
        "leave" => members::leave(given).await,
        "offer" => members::offer(given).await,
        "events" => log::events(given).await,
        "demo" => demo::demo(given).await,
        name => Err(Failure::input(format!("there is no command `{name}`"), "see `team help`")),
    }
}
