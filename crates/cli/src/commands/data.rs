//! `data`: everything written out, everything deleted, and to whom it may go.

use bca_app::App;
use bca_protocol::{AgreementView, DataReport, DataReportLine, DeletionScope};
use serde::Serialize;

use crate::{
    console::{Console, Form},
    exit::{Exit, Failure},
    oversight::Data,
    render::{
        table::{Column, Side, table},
        words::{moment, value},
    },
};

const COLUMNS: [Column; 4] = [("What", Side::Left), ("Number", Side::Right), ("Where", Side::Left), ("", Side::Left)];

/// What a person types to delete.
const WORD: &str = "delete";

#[derive(Serialize)]
struct Agreements<'a> {
    agreements: &'a [AgreementView],
}

pub(super) async fn run(app: &App, command: Data, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        Data::Export { directory, account } => report(&app.export_data(&directory, account.as_deref()).await?, console)?,
        Data::Delete { everything: _, account, yes } => {
            let scope = account.map_or(DeletionScope::Everything, |account| DeletionScope::Account { account });
            if !yes && !confirmed(&scope, app, console).await? {
                console.remark("Nothing was deleted.");
                return Ok(Exit::Failed);
            }
            report(&app.delete_data(scope).await?, console)?;
        }
        Data::Agreements => agreements(&app.agreements().await?, console)?,
        Data::Agree { provider } => agreements(&app.agree(provider.as_deref()).await?, console)?,
        Data::Withdraw { provider } => agreements(&app.withdraw(provider.as_deref()).await?, console)?,
    }
    Ok(Exit::Done)
}

/// Whether the person at the terminal types the word.
async fn confirmed(scope: &DeletionScope, app: &App, console: &mut Console) -> Result<bool, Failure> {
    if !console.can_ask() {
        return Err(Failure::usage("Nothing was deleted. Without a terminal, --yes says that it is meant."));
    }
    let what = match scope {
        DeletionScope::Everything => "everything that is kept here".to_owned(),
        DeletionScope::Account { account } => format!("what belongs to {account}"),
    };
    console.say(&value(&format!("This deletes {what} from {}, backups included, for good.", app.home().display())));
    console.aside(&format!("Type `{WORD}` to go on: "));
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let line = line.await.map_err(|_| Failure::usage("The answer could not be read. Nothing was deleted."))??;
    Ok(line.trim() == WORD)
}

fn report(report: &DataReport, console: &mut Console) -> Result<(), Failure> {
    match console.form {
        Form::Json => console.json(report),
        Form::People => {
            let row = |line: &DataReportLine| vec![line.what.clone(), line.count.to_string(), line.place.clone(), line.note.clone().unwrap_or_default()];
            let rows: Vec<Vec<String>> = report.lines.iter().map(row).collect();
            console.print(&table(&COLUMNS, &rows, console.out.paint))
        }
    }
}

fn agreements(views: &[AgreementView], console: &mut Console) -> Result<(), Failure> {
    match console.form {
        Form::Json => console.json(&Agreements { agreements: views }),
        Form::People if views.is_empty() => {
            console.remark("No company data leaves this computer for a model.");
            Ok(())
        }
        Form::People => views.iter().try_for_each(|view| console.print(&format!("{}\n  {}\n", value(&view.text), value(&standing(view))))),
    }
}

fn standing(view: &AgreementView) -> String {
    match (view.agreed, view.agreed_at, view.withdrawn_at) {
        (true, Some(at), _) => format!("Agreed {} ({}).", moment(at), view.how.as_deref().unwrap_or("person")),
        (false, _, Some(at)) => format!("Taken back {}.", moment(at)),
        _ => "Not agreed. `bc-agent data agree` does.".to_owned(),
    }
}
