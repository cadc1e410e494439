//! What Business Central has: entity sets, properties, actions, what each operation does and
//! whether it can be undone, the workflows that connect them, and a search that understands the
//! words people use.
//!
//! The facts live in `mcp-data/` as plain JSON, one folder per entity, and are embedded in the
//! binary. They are parsed once, when somebody first asks ([`Catalogue::get`]). Everything here is
//! pure: no network, no clock, no state beyond the parsed facts.

mod caption;
mod catalogue;
mod definitions;
mod edmx;
mod effect;
mod entity;
mod examples;
mod language;
mod load;
mod member;
mod search;
mod tenant;
mod text;
pub mod validate;
mod workflow;

pub use catalogue::Catalogue;
pub use definitions::{Captions, Definitions};
pub use edmx::{BoundAction, EdmNavigation, EdmProperty, Edmx, EdmxError, EntitySet, EntityType};
pub use effect::{Care, Operation, Undo, UnknownOperation};
pub use entity::{Action, Entity, EntityKind, Method, Multiplicity, Navigation, NavigationKind, Parent, Place, Property, PropertyKind, Relation};
pub use examples::{Example, examples};
pub use language::Language;
pub use load::LoadError;
pub use member::{decode_member, encode_member};
pub use search::{Match, Score};
pub use tenant::{ApiName, ApiShape, NotAnApi, Scoped, TenantShape};
pub use validate::{Parented, Problem, ProblemCode, Proposal, Validation};
pub use workflow::{Misordered, UnknownWorkflow, Workflow, WorkflowCheck, WorkflowOperation, WorkflowStep};
