//! A story on a sample list, told by this program's own commands: each line of it is one that a person could type.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use invite::core::EmailAddress;

use crate::args::{Given, Opt, Spec};
use crate::failure::Failure;
use crate::mails;
use crate::said::Said;

/// The files that the story uses.
const SAMPLES: [(&str, &str); 2] = [
    ("people.tsv", include_str!("../../sample/people.tsv")),
    ("more.txt", include_str!("../../sample/more.txt")),
];

pub(crate) const DEMO: Spec = Spec {
    name: "demo",
    arguments: &[],
    summary: "tell a whole story in a temporary folder, on a sample list",
    options: &[Opt::flag("keep", "keep the folder, to look around in it")],
    notes: "",
};

pub(crate) async fn demo(given: &Given) -> Result<Said, Failure> {
    let [] = given.arguments()?;
    let broken = |why: &io::Error| Failure::broken("the temporary folder", why);
    let folder = tempfile::Builder::new().prefix("team-demo-").tempdir().map_err(|why| broken(&why))?;
    for (name, sample) in SAMPLES {
        std::fs::write(folder.path().join(name), sample).map_err(|why| broken(&why))?;
    }
    let told = tell(&Story { folder: folder.path().to_owned() }).await;
    let text = if given.flag("keep") {
        let folder = folder.keep();
        let data = folder.join("data");
        format!(
            "\nKept in {}. Look around: team roster --as bob --data {}\n",
            folder.display(),
            data.display()
        )
    } else {
        let text = format!("\n{} was removed.\n", folder.path().display());
        folder.close().map_err(|why| broken(&why))?;
        text
    };
    let said = Said::from(text);
    Ok(match told {
        Ok(()) => said,
        Err(why) => said.but(why),
    })
}

async fn tell(story: &Story) -> Result<(), Failure> {
    story.say(&format!("Everything below happens in {}.", story.folder.display()))?;
    story.say("Every line after a $ is a command of its own, which opens the database again.")?;

    story.chapter("Ada creates an organization with a plan")?;
    story.run("create acme --name 'Acme Ltd' --seats team=5 --seats client=2 --as ada").await?;

    story.chapter("Ada has a list, pasted from a spreadsheet, with mistakes in it")?;
    story.show("people.tsv")?;

    story.chapter("What would happen? Nothing is changed by a dry run")?;
    story.run("invite people.tsv --header --role member --dry-run --as ada").await?;

    story.chapter("Ada invites those who can be invited, as far as the seats go")?;
    story.run("invite people.tsv --header --role member --message 'Welcome to the team!' --as ada").await?;

    story.chapter("The mails go out")?;
    story.run("send").await?;
    story.run("mail").await?;
    story.run("mail juergen@bücher.example").await?;
    story.run("invitations --as ada").await?;

    story.chapter("Bob opens his link, signs in with an account of that address, and accepts")?;
    story.run("preview --mail bob@example.com").await?;
    story.run("preview --mail bob@example.com --as bob --vouch bob@example.com").await?;
    story.run("accept --mail bob@example.com --as bob --vouch bob@example.com").await?;
    story.say("\nA link works once:")?;
    story.run("accept --mail bob@example.com --as bob --vouch bob@example.com").await?;

    story.chapter("Jürgen has just signed up: the mailed link itself proves the address")?;
    story.run("accept --mail juergen@bücher.example --as juergen").await?;

    story.chapter("Mallory is signed in with another address: the wrong account")?;
    story.run("accept --mail eve@example.com --as mallory --vouch mallory@evil.example").await?;

    story.chapter("A link that an admin copied proves nothing about the address")?;
    let link = story.run("link eve@example.com --as ada").await?;
    story.run(&format!("accept {} --as mallory", link.trim())).await?;

    story.chapter("Dan declines, and says why")?;
    story.run("decline --mail dan@example.com --as dan --vouch dan@example.com --reason 'Wrong Dan'").await?;

    story.chapter("Eve lost her mail: a new one kills every earlier link")?;
    let earlier = story.mail_to("eve@example.com")?;
    story.run("resend eve@example.com --as ada").await?;
    story.run("send").await?;
    story.run(&format!("accept --mail {earlier} --as eve")).await?;
    story.run("accept --mail eve@example.com --as eve").await?;

    story.chapter("Ada has three more, out of a mail program, and one seat left since Dan declined")?;
    story.show("more.txt")?;
    story.run("seats --as ada").await?;
    story.say("\nBob is a member, and members do not invite:")?;
    story.run("invite more.txt --role member --as bob").await?;
    story.say("\nAll of them, or nobody:")?;
    story.run("invite more.txt --role member --all-or-nothing --as ada").await?;
    story.say("\nAs many as there are seats:")?;
    story.run("invite more.txt --role member --as ada").await?;
    story.run("send").await?;

    story.chapter("Members and pending invitations in one list")?;
    story.run("roster --as ada").await?;

    story.chapter("Roles change, members go, invitations are taken back")?;
    story.run("role bob admin --as ada").await?;
    story.run("role eve client --as bob").await?;
    story.run("remove juergen ada nobody --as bob").await?;
    story.run("revoke client@agency.example --as bob").await?;
    story.run("remind nora@example.com --as bob").await?;
    story.run("seats --as bob").await?;

    story.chapter("Ada hands the organization over to Bob, who must agree")?;
    story.run("offer bob --become member --as ada").await?;
    story.run("send").await?;
    story.run("accept --mail bob@example.com --as bob --vouch bob@example.com").await?;
    story.say("\nAda owns it no more:")?;
    story.run("offer eve --as ada").await?;
    story.run("roster --as bob").await?;

    story.chapter("Bad input says what to do")?;
    story.run("invite more.txt --rol member --as bob").await?;
    story.run("accept https://team.example/join#preview --as mallory").await?;

    story.chapter("Everything that was changed stands in the event log")?;
    story.run("events --as bob").await?;
    Ok(())
}

/// Where the story happens.
struct Story {
    folder: PathBuf,
}

impl Story {
    fn say(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout();
        let said = writeln!(out, "{text}").and_then(|()| out.flush());
        said.map_err(|why| Failure::broken("cannot print", &why))
    }

    fn show(&self, sample: &str) -> Result<(), Failure> {
        let samples = SAMPLES.iter().filter(|(name, _)| *name == sample);
        self.say(&samples.map(|(_, text)| text.trim_end()).collect::<String>())
    }

    fn chapter(&self, title: &str) -> Result<(), Failure> {
        self.say(&format!("\n== {title}"))
    }

    /// Runs a command line and prints it with what it says, without telling twice where the data is.
    async fn run(&self, line: &str) -> Result<String, Failure> {
        self.say(&format!("\n$ team {line}"))?;
        let mut words = words(line).map(|word| self.placed(word)).collect::<Vec<_>>();
        words.extend(["--data".into(), self.folder.join("data").into_os_string()]);
        // A command runs commands only here, and none of them is this one.
        let said = Box::pin(crate::perform(words)).await;
        if !said.text.is_empty() {
            self.say(said.text.trim_end())?;
        }
        if let Some(failure) = said.failure {
            self.say(&format!("{}(exit code {})", failure, failure.exit_code()))?;
        }
        Ok(said.text)
    }

    fn placed(&self, word: String) -> OsString {
        let is_sample = SAMPLES.iter().any(|(name, _)| *name == word);
        if is_sample { self.folder.join(word).into_os_string() } else { word.into() }
    }

    /// The file of the newest mail to an address.
    fn mail_to(&self, address: &str) -> Result<String, Failure> {
        let address = EmailAddress::parse(address).map_err(|why| Failure::broken("the story", &why))?;
        let mail = mails::newest_to(&self.folder.join("data/mail"), &address)?;
        Ok(file_name(&mail.path))
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The words of a command line, of which some stand in single quotes.
fn words(line: &str) -> impl Iterator<Item = String> {
    line.split('\'').enumerate().flat_map(|(number, piece)| {
        let quoted = number % 2 == 1;
        let words: Vec<&str> = if quoted { vec![piece] } else { piece.split_whitespace().collect() };
        words.into_iter().map(str::to_owned)
    })
}
