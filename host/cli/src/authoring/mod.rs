//! The commands of rule authors: make, test, try and check a rule.

mod args;
mod attempt;
mod bench;
mod case;
mod case_run;
mod check;
mod dev;
mod junit;
mod recording;
mod rule_under_test;
mod test;

use std::path::Path;

use lifesigns_workbench::{NewRule, SdkSource, TemplateKind};

pub(crate) use self::args::AuthorCommand;
use self::args::Template;
use crate::{
    exit::{Failure, Outcome},
    terminal,
};

pub(crate) fn run(command: &AuthorCommand) -> Outcome {
    match command {
        AuthorCommand::New { name, template, folder, sdk_path, sdk_git, sdk_version } => {
            let sdk = match (sdk_path, sdk_git, sdk_version) {
                (Some(path), _, _) => SdkSource::Path(path.clone()),
                (_, Some(url), _) => SdkSource::Git(url.clone()),
                (_, _, Some(version)) => SdkSource::Registry(version.clone()),
                _ => SdkSource::Embedded,
            };
            new(name, *template, folder, sdk)
        }
        AuthorCommand::Test { rule, cases, update, no_unit_tests, junit } => {
            let options =
                test::TestOptions { cases, update: *update, unit_tests: !no_unit_tests, junit: junit.as_deref() };
            test::run(rule, &options)
        }
        AuthorCommand::Try(args) => attempt::run(args),
        AuthorCommand::Bench(args) => bench::run(args),
        AuthorCommand::Dev { rule, out } => dev::run(rule, out.as_deref()),
        AuthorCommand::Check { rule, set } => check::run(rule, set),
    }
}

fn new(name: &str, template: Template, folder: &Path, sdk: SdkSource) -> Outcome {
    let template = match template {
        Template::Keyword => TemplateKind::Keyword,
        Template::Stateful => TemplateKind::Stateful,
        Template::Facts => TemplateKind::Facts,
    };
    let made = NewRule { name, template, sdk }.make(folder).map_err(Failure::failed)?;
    for (path, what) in &made {
        terminal::out(&format!("{:<44}  {what}", path.display()));
    }
    terminal::line(&format!("next: cd {} && lifesigns rule test", folder.join(name).display()));
    Ok(())
}
