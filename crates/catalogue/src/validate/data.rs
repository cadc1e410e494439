//! Checks the properties of a record and of the children nested in it.

use std::collections::HashSet;

use bca_protocol::Json;

use super::{Parented, Problem, ProblemCode, Report, capital, listed, shown, value};
use crate::catalogue::Catalogue;
use crate::entity::{Entity, Method, Multiplicity, Navigation, NavigationKind, Property};
use crate::text;

/// Checks data for one entity.
pub(super) struct Check<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) entity: &'a Entity,
}

/// What the data is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Create,
    Update,
}

type Pairs = [(String, Json)];

impl Check<'_> {
    /// Data for a new record; `place` is where it stands in the whole (empty at the top).
    pub(super) fn create(&self, data: Option<&Json>, parented: Parented, place: &str, report: &mut Report) {
        let Some(pairs) = self.object(data, place, report) else {
            return;
        };
        self.pairs(pairs, Purpose::Create, place, report);
        self.required(pairs, place, report);
        self.exclusive(pairs, place, report);
        self.notes(pairs, report);
        if parented == Parented::No {
            self.parent(pairs, report);
        }
    }

    /// Data that changes a record.
    pub(super) fn update(&self, data: Option<&Json>, report: &mut Report) {
        let empty = match data {
            None | Some(Json::Null) => true,
            Some(Json::Object(pairs)) => pairs.is_empty(),
            Some(_) => false,
        };
        if empty {
            report.problem(Problem::new(
                ProblemCode::EmptyUpdate,
                format!("Nothing to change is given. Name the properties of the {} and their new values.", self.entity.singular),
            ));
            return;
        }
        let Some(pairs) = self.object(data, "", report) else {
            return;
        };
        self.pairs(pairs, Purpose::Update, "", report);
        self.exclusive(pairs, "", report);
        self.emptied(pairs, report);
    }

    fn object<'d>(&self, data: Option<&'d Json>, place: &str, report: &mut Report) -> Option<&'d Pairs> {
        match data {
            // No data is an empty record: what is required is then told as missing.
            None | Some(Json::Null) if place.is_empty() => Some(&[]),
            Some(Json::Object(pairs)) => Some(pairs),
            _ => {
                let problem =
                    Problem::new(ProblemCode::NotAnObject, format!("{} is given as an object of properties and values.", capital(&self.entity.one())));
                report.problem(if place.is_empty() { problem } else { problem.at(place) });
                None
            }
        }
    }

    fn pairs(&self, pairs: &Pairs, purpose: Purpose, place: &str, report: &mut Report) {
        let mut seen = HashSet::new();
        for (name, given) in pairs {
            let at = join(place, name);
            if !seen.insert(name.as_str()) {
                report.problem(Problem::new(ProblemCode::DuplicateProperty, format!("{} is given twice.", shown(name))).at(at));
            } else if let Some(property) = self.entity.property(name) {
                self.property(property, given, &at, report);
            } else if let Some(navigation) = self.children(name) {
                self.nested(navigation, given, purpose, &at, report);
            } else {
                report.problem(self.unknown(name).at(shown(&at)));
            }
        }
    }

    fn property(&self, property: &Property, given: &Json, at: &str, report: &mut Report) {
        if property.read_only || property.filter_only {
            let problem =
                Problem::new(ProblemCode::ReadOnly, format!("{} ({}) is filled in by Business Central and cannot be set.", property.name, property.caption))
                    .at(at);
            report.problem(match self.writable_instead(property) {
                Some(other) => problem.suggest(format!("Set {other} instead.")),
                None => problem.suggest("Leave it out."),
            });
            return;
        }
        if let Some(mut problem) = value::check(property, given) {
            if let (ProblemCode::InvalidGuid, Some(other)) = (problem.code, self.by_number(property)) {
                let known = problem.suggestion.take().unwrap_or_default();
                problem.suggestion = Some(format!("{known} Or give {other} instead.").trim_start().to_owned());
            }
            report.problem(problem.at(at));
        } else if let Some(note) = value::note(property, given) {
            report.note(note);
        }
    }

    /// `customerName` cannot be written, but `customerNumber` or `customerId` can.
    fn writable_instead(&self, property: &Property) -> Option<&str> {
        let stem = ["Name", "DisplayName", "Code", "Number"].iter().find_map(|ending| property.name.strip_suffix(ending))?;
        ["Number", "Code", "Id"].iter().find_map(|ending| {
            let other = self.entity.property(&format!("{stem}{ending}"))?;
            (!other.read_only && other.name != property.name).then_some(other.name.as_str())
        })
    }

    /// What takes a number or code where this property takes an id.
    fn by_number(&self, property: &Property) -> Option<String> {
        let stem = property.name.strip_suffix("Id")?;
        let writable = |name: String| self.entity.property(&name).filter(|p| !p.read_only).map(|p| p.name.clone());
        let kind = match stem {
            "item" => "Item",
            "account" => "Account",
            _ => return writable(format!("{stem}Number")).or_else(|| writable(format!("{stem}Code"))),
        };
        writable("lineObjectNumber".to_owned()).map(|number| format!("lineType {kind} and {number}")).or_else(|| writable(format!("{stem}Number")))
    }

    /// The navigation property of exactly this name, if it leads to children.
    fn children(&self, name: &str) -> Option<&Navigation> {
        self.entity.navigation.iter().find(|n| n.name == name && n.kind == NavigationKind::Child)
    }

    fn nested(&self, navigation: &Navigation, given: &Json, purpose: Purpose, at: &str, report: &mut Report) {
        let Some(target) = self.catalogue.find(&navigation.target_set) else {
            return;
        };
        if purpose == Purpose::Update {
            report.problem(
                Problem::new(ProblemCode::NestedNotAllowed, format!("{} cannot be changed together with the {}.", target.title, self.entity.singular))
                    .at(at)
                    .suggest(format!("Create, change or delete each of them by itself in {}.", target.set)),
            );
            return;
        }
        if !navigation.methods.contains(&Method::Post) {
            report.problem(
                Problem::new(ProblemCode::NestedNotAllowed, format!("{} cannot be created with the {}.", target.title, self.entity.singular))
                    .at(at)
                    .suggest("Leave it out."),
            );
            return;
        }
        let check = Check { catalogue: self.catalogue, entity: target };
        match (navigation.multiplicity, given) {
            (Multiplicity::Many, Json::Array(rows)) => {
                for (i, row) in rows.iter().enumerate() {
                    check.create(Some(row), Parented::Yes, &format!("{at}[{i}]"), report);
                }
            }
            (Multiplicity::Many, _) => report.problem(
                Problem::new(ProblemCode::WrongType, format!("{at} takes a list of {}.", target.title.to_lowercase()))
                    .at(at)
                    .suggest("Put it in square brackets, even for one."),
            ),
            (Multiplicity::ZeroOrOne, row) => check.create(Some(row), Parented::Yes, at, report),
        }
    }

    fn unknown(&self, name: &str) -> Problem {
        let problem = Problem::new(ProblemCode::UnknownProperty, format!("{} has no property \"{}\".", capital(&self.entity.one()), shown(name)));
        if name.contains('@') {
            return problem.suggest("Annotations are not sent. Leave it out.");
        }
        if let Some(reference) = self.entity.navigation.iter().find(|n| n.name == name) {
            return match &reference.via {
                Some(via) => problem.suggest(format!("Set {via} to the id of the {}.", reference.target)),
                None => problem.suggest("It is a link and cannot be given in data."),
            };
        }
        let named = self.catalogue.properties_named(&self.entity.set, name).into_iter();
        let mut near: Vec<&str> = named.filter(|p| !p.read_only).map(|p| p.name.as_str()).collect();
        let children = self.entity.navigation.iter().filter(|n| n.kind == NavigationKind::Child);
        near.extend(text::closest(name, children.map(|n| n.name.as_str())));
        near.truncate(3);
        if near.is_empty() {
            let summary = self.entity.summary.iter().filter_map(|name| self.entity.property(name));
            let known: Vec<&str> = summary.filter(|p| !p.read_only).map(|p| p.name.as_str()).collect();
            return match known.is_empty() {
                true => problem.suggest("Leave it out."),
                false => problem.suggest(format!("It has, among others, {}.", listed(&known, "and"))),
            };
        }
        problem.suggest(format!("Did you mean {}?", listed(&near, "or")))
    }

    fn required(&self, pairs: &Pairs, place: &str, report: &mut Report) {
        for group in &self.entity.required {
            if group.iter().any(|name| given(pairs, name)) {
                continue;
            }
            let names: Vec<&str> = group.iter().map(String::as_str).collect();
            let wanted = match names.as_slice() {
                [one] => format!("A new {} needs {one}.", self.entity.singular),
                many => format!("A new {} needs {}.", self.entity.singular, listed(many, "or")),
            };
            let problem = Problem::new(ProblemCode::RequiredMissing, wanted);
            report.problem(match names.first() {
                Some(first) => problem.at(join(place, first)),
                None => problem,
            });
        }
    }

    fn exclusive(&self, pairs: &Pairs, place: &str, report: &mut Report) {
        for group in &self.entity.exclusive {
            let both: Vec<&str> = group.iter().filter(|name| given(pairs, name)).map(String::as_str).collect();
            if let [first, _, ..] = both.as_slice() {
                report.problem(
                    Problem::new(ProblemCode::MutuallyExclusive, format!("{} cannot be given together.", listed(&both, "and")))
                        .at(join(place, first))
                        .suggest("Keep the one that is meant."),
                );
            }
        }
    }

    /// What Business Central would accept, but might not be meant.
    fn notes(&self, pairs: &Pairs, report: &mut Report) {
        for property in &self.entity.properties {
            let Some(stem) = property.name.strip_suffix("Id").filter(|_| given(pairs, &property.name)) else { continue };
            for other in [format!("{stem}Number"), format!("{stem}Code")] {
                if given(pairs, &other) {
                    report.note(format!("{} and {other} are both given: they must belong to the same record. One is enough.", property.name));
                }
            }
        }
        let on_a_document = self.entity.property("lineObjectNumber").is_some();
        let names_something = ["itemId", "accountId", "lineObjectNumber"].iter().any(|name| given(pairs, name));
        if on_a_document && !names_something {
            report.note("A line that names no item or account (itemId, accountId, or lineType with lineObjectNumber) is only a comment.".to_owned());
        }
        let lines = format!("{}Lines", self.entity.name);
        if self.children(&lines).is_some() && !given(pairs, &lines) {
            report.note(format!("No lines are given. They can be nested as {lines}, or created afterwards."));
        }
    }

    /// Business Central refuses to blank what a new record must have.
    fn emptied(&self, pairs: &Pairs, report: &mut Report) {
        for group in &self.entity.required {
            let [only] = group.as_slice() else { continue };
            let blanked = pairs.iter().any(|(name, _)| name == only) && !given(pairs, only);
            let told = report.problems.iter().any(|p| p.property.as_deref() == Some(only));
            if blanked && !told {
                report.problem(Problem::new(ProblemCode::Blank, format!("{only} cannot be blank.")).at(only.as_str()));
            }
        }
    }

    /// Records such as lines need their parent, by address or by property.
    fn parent(&self, pairs: &Pairs, report: &mut Report) {
        const LINKS: [&str; 7] = ["documentId", "journalId", "journalDisplayName", "parentId", "itemId", "employeeId", "employeeNumber"];
        if !self.entity.list_needs_parent {
            return;
        }
        let links: Vec<&str> = LINKS
            .into_iter()
            .filter(|link| self.entity.property(link).is_some_and(|p| !p.read_only))
            // An item on a document's line is what is sold, not what the line belongs to.
            .filter(|link| *link != "itemId" || self.entity.property("documentId").is_none())
            .collect();
        if links.iter().any(|link| given(pairs, link)) {
            return;
        }
        let parents: Vec<&str> = self.entity.parents.iter().map(|p| p.set.as_str()).take(3).collect();
        let by_property = match links.first() {
            Some(link) => format!(", or give {link}"),
            None => String::new(),
        };
        report.problem(
            Problem::new(ProblemCode::ParentRequired, format!("{} belongs to another record, which is not named.", capital(&self.entity.one())))
                .suggest(format!("Create it under its parent ({}){by_property}.", listed(&parents, "or"))),
        );
    }
}

/// Whether the data says something for the property: not blank, not null, not the empty id.
fn given(pairs: &Pairs, name: &str) -> bool {
    pairs.iter().find(|(n, _)| n == name).is_some_and(|(_, v)| !value::is_blank(v))
}

fn join(place: &str, name: &str) -> String {
    let name = shown(name);
    if place.is_empty() { name } else { format!("{place}.{name}") }
}
