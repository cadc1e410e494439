//! Which writes take a whole run back: one for each record that it touched. Two for the same record would name the same version of it, and
//! the second would fail; what was created takes with it what was done to it afterwards.

use bca_approval::PlannedWrite;
use bca_bc::Reference;
use bca_catalogue::Catalogue;
use bca_protocol::{ChangeId, Json, RawJson, WriteOperation};

use super::{BusinessCentral, image, verify};

/// A confirmed write as the history knows it.
#[derive(Debug, Clone)]
pub struct Made {
    /// The request, what was shown, and the record before.
    pub planned: PlannedWrite,
    /// The id that a create gave its record.
    pub key: Option<String>,
    /// The record as it was read back.
    pub after: Option<RawJson>,
}

/// A write to take back, and those that are taken back with it.
#[derive(Debug, Clone)]
pub struct WayBack {
    /// The last write to a record; the values before it are those before the first one.
    pub of: Made,
    /// Earlier writes to the same record, and writes to what belongs to it.
    pub also: Vec<ChangeId>,
}

impl BusinessCentral {
    /// What there is to take back of these writes, given oldest first: newest first, one for each record.
    pub async fn ways_back(&self, made: Vec<Made>) -> Vec<WayBack> {
        let catalogue = self.client.as_ref().map_or_else(Catalogue::embedded, bca_bc::Client::catalogue);
        catalogue.scope(async { ways_back(made) }).await
    }
}

/// A way back with the records that it takes with it; the first is its own.
struct Step {
    way: WayBack,
    records: Vec<(String, String)>,
}

impl Step {
    fn of(made: Made, also: Vec<ChangeId>) -> Self {
        let records = record_of(&made).into_iter().collect();
        Self { way: WayBack { of: made, also }, records }
    }

    fn operation(&self) -> WriteOperation {
        self.way.of.planned.preview.operation
    }

    fn has(&self, record: &(String, String)) -> bool {
        self.records.contains(record)
    }

    /// Takes a write in that goes with it.
    fn takes(&mut self, made: &Made) {
        self.records.extend(record_of(made).filter(|record| !self.records.contains(record)));
        self.way.also.push(made.planned.change_id());
    }

    /// Whether a record belongs to one that this step created.
    fn owns(&self, made: &Made) -> bool {
        self.operation() == WriteOperation::Create && self.is_above(made)
    }

    /// Whether a record belongs to one of this step's, whatever was done to that.
    fn is_above(&self, made: &Made) -> bool {
        let (preview, path) = (&made.planned.preview, made.planned.request.path.to_lowercase());
        let values = match preview.operation {
            WriteOperation::Create => body(made),
            WriteOperation::Update | WriteOperation::Delete | WriteOperation::Action => made.planned.before.as_ref().and_then(|before| before.tree().ok()),
        };
        let points = |id: &str| {
            let to = |value: &Json| {
                value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(id) || Reference::parse(text).is_some_and(|r| r.change() == self.change_id()))
            };
            values.as_ref().and_then(Json::members).is_some_and(|members| members.iter().any(|(_, value)| to(value)))
        };
        self.records.iter().any(|(set, id)| {
            let owns_such = Catalogue::get().find(set).is_some_and(|owner| image::owned(owner).any(|(_, child)| child.set == preview.entity));
            let is_below = preview.operation != WriteOperation::Action && path.starts_with(&format!("{}({id})/", set.to_lowercase()));
            is_below || owns_such && points(id)
        })
    }

    fn change_id(&self) -> ChangeId {
        self.way.of.planned.change_id()
    }
}

fn record_of(made: &Made) -> Option<(String, String)> {
    let id = made.planned.preview.key.as_ref().or(made.key.as_ref())?;
    Some((made.planned.preview.entity.clone(), id.to_ascii_lowercase()))
}

fn ways_back(made: Vec<Made>) -> Vec<WayBack> {
    let mut steps: Vec<Step> = Vec::with_capacity(made.len());
    for made in made {
        take_up(&mut steps, made);
    }
    let mut ordered: Vec<Step> = Vec::with_capacity(steps.len());
    for step in steps.into_iter().rev().filter(|step| !comes_to_nothing(&step.way.of)) {
        // What is done to a line may move the version of its document, and that is the condition of the document's own way back.
        let first_below = ordered.iter().position(|other| step.operation() == WriteOperation::Update && step.is_above(&other.way.of));
        ordered.insert(first_below.unwrap_or(ordered.len()), step);
    }
    ordered.into_iter().map(|step| step.way).collect()
}

fn take_up(steps: &mut Vec<Step>, made: Made) {
    let record = record_of(&made);
    let at = record.as_ref().and_then(|record| steps.iter().position(|step| step.has(record)));
    let owner = at.or_else(|| steps.iter().position(|step| step.owns(&made)));
    let operation = made.planned.preview.operation;
    let Some(at) = owner else { return steps.push(Step::of(made, Vec::new())) };
    let is_own = steps.get(at).is_some_and(|step| step.records.first() == record.as_ref());
    match (steps.get_mut(at), operation) {
        (_, WriteOperation::Action) => steps.push(Step::of(made, Vec::new())),
        // It is gone already, and with it all that was done to it.
        (Some(step), WriteOperation::Delete) if step.operation() == WriteOperation::Create && is_own => drop(steps.remove(at)),
        (Some(step), _) if step.operation() == WriteOperation::Create => step.takes(&made),
        (Some(step), WriteOperation::Update | WriteOperation::Delete)
            if step.operation() == WriteOperation::Update && made.planned.preview.undo.is_yes() && step.way.of.planned.preview.undo.is_yes() =>
        {
            let WayBack { of, mut also } = steps.remove(at).way;
            also.push(of.planned.change_id());
            steps.push(Step::of(since(&of, made), also));
        }
        _ => steps.push(Step::of(made, Vec::new())),
    }
}

/// The later write as if the earlier one were part of it: what is restored are the values before the earlier one, but for those that
/// somebody else changed between the two.
fn since(earlier: &Made, mut later: Made) -> Made {
    let entity = Catalogue::get().find(&later.planned.preview.entity);
    let tree = |raw: &Option<RawJson>| raw.as_ref().and_then(|raw| raw.tree().ok());
    let (Some(first), Some(Json::Object(mut between))) = (tree(&earlier.planned.before), tree(&later.planned.before)) else { return later };
    let left = tree(&earlier.after);
    let mut set = body(&later).unwrap_or(Json::Null);
    for (name, value) in body(earlier).as_ref().and_then(Json::members).unwrap_or_default() {
        let kind = entity.and_then(|entity| entity.property(name)).map(|property| &property.kind);
        let as_left = left.as_ref().and_then(|left| left.get(name));
        if let (Some(old), Some((_, there))) = (first.get(name), between.iter_mut().find(|(other, _)| other == name))
            && as_left.is_none_or(|left| verify::same(kind, left, there))
        {
            *there = old.clone();
        }
        if let Json::Object(members) = &mut set
            && !members.iter().any(|(other, _)| other == name)
        {
            members.push((name.clone(), value.clone()));
        }
    }
    later.planned.before = Some(RawJson::from(&Json::Object(between)));
    if later.planned.preview.operation == WriteOperation::Update {
        later.planned.request.body = Some(set.to_string());
    }
    later
}

fn body(made: &Made) -> Option<Json> {
    made.planned.request.body.as_deref().and_then(|body| Json::parse(body).ok())
}

/// Whether the run itself put back what it had changed.
fn comes_to_nothing(made: &Made) -> bool {
    if made.planned.preview.operation != WriteOperation::Update || !made.planned.preview.undo.is_yes() {
        return false;
    }
    let entity = Catalogue::get().find(&made.planned.preview.entity);
    let (Some(before), Some(after)) = (&made.planned.before, &made.after) else { return false };
    let (Ok(before), Ok(after), Some(set)) = (before.tree(), after.tree(), body(made)) else { return false };
    let nothing = Json::Null;
    set.members().is_some_and(|members| {
        members.iter().all(|(name, _)| {
            let kind = entity.and_then(|entity| entity.property(name)).map(|property| &property.kind);
            verify::same(kind, before.get(name).unwrap_or(&nothing), after.get(name).unwrap_or(&nothing))
        })
    })
}
