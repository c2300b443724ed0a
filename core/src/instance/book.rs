//! The book of plan and shape numbers: how to read rows written under any version of the configuration.
//!
//! Invariant: what a number means never changes; the book only grows. Numbers of the current catalog are known from the
//! start, older ones are learned from what the store remembers about them.

use super::Plans;
use crate::model::{Catalog, EntityNo, FieldNo, MappingNo};
use serde::Deserialize;

/// A version of a mapping.
#[derive(Clone, Debug, Default)]
pub struct PlanInfo {
    /// The mapping, if it still exists.
    pub mapping: Option<MappingNo>,
    /// The fields it fills, by name.
    pub fields: Vec<String>,
    /// For each of them its position in the entity, if it still has it.
    pub positions: Vec<Option<FieldNo>>,
    /// For each field of the entity, which say of an observation is about it.
    pub say_of: Vec<Option<u16>>,
    /// Whether it is the current version of its mapping.
    pub current: bool,
}

/// A version of an entity's list of fields.
#[derive(Clone, Debug, Default)]
pub struct ShapeInfo {
    /// Names in order.
    pub fields: Vec<String>,
}

/// See the module. Numbers are small and dense (the store counts from 1), so tables are indexed by them: every record
/// asks several times.
#[derive(Clone, Debug, Default)]
pub struct Book {
    plans: Vec<Option<PlanInfo>>,
    shapes: Vec<Option<ShapeInfo>>,
    /// By plan, then by shape.
    positions: Vec<Vec<Vec<Option<u16>>>>,
}

fn put<T: Default>(table: &mut Vec<T>, at: u32, value: T) {
    let at = at as usize;
    if table.len() <= at {
        table.resize_with(at + 1, T::default);
    }
    table[at] = value;
}

#[derive(Deserialize)]
struct AboutPlan {
    mapping: String,
    fields: Vec<String>,
}

#[derive(Deserialize)]
struct AboutField {
    name: String,
}

impl Book {
    /// The numbers of a bound catalog.
    pub fn new(catalog: &Catalog) -> Book {
        let mut book = Book::default();
        for e in &catalog.entities {
            book.add_shape(e.shape, ShapeInfo { fields: e.fields.iter().map(|f| f.name.clone()).collect() });
        }
        for (no, m) in catalog.mappings.iter().enumerate() {
            let fields = m.fields.iter().map(|(f, _)| catalog.entities[m.entity].fields[*f].name.clone()).collect();
            book.add_plan(catalog, m.plan, Some((no, m.entity)), fields, true);
        }
        book
    }

    /// Whether both numbers are known.
    pub fn knows(&self, plan: u32, shape: u32) -> bool {
        self.plan(plan).is_some() && self.shape(shape).is_some()
    }

    /// Whether a shape is known.
    pub fn knows_shape(&self, shape: u32) -> bool {
        self.shape(shape).is_some()
    }

    /// Learns an older plan from what the store remembers (`Named::about`).
    pub fn learn_plan(&mut self, catalog: &Catalog, number: u32, about: &str) -> Option<()> {
        let about: AboutPlan = serde_json::from_str(about).ok()?;
        let same = |m: &crate::model::Mapping| m.id_name(catalog) == about.mapping;
        let mapping = catalog.mappings.iter().position(same).map(|no| (no, catalog.mappings[no].entity));
        self.add_plan(catalog, number, mapping, about.fields, false);
        Some(())
    }

    /// Learns an older shape.
    pub fn learn_shape(&mut self, number: u32, about: &str) -> Option<()> {
        let about: Vec<AboutField> = serde_json::from_str(about).ok()?;
        self.add_shape(number, ShapeInfo { fields: about.into_iter().map(|f| f.name).collect() });
        Some(())
    }

    /// A plan.
    pub fn plan(&self, number: u32) -> Option<&PlanInfo> {
        self.plans.get(number as usize)?.as_ref()
    }

    /// A shape.
    pub fn shape(&self, number: u32) -> Option<&ShapeInfo> {
        self.shapes.get(number as usize)?.as_ref()
    }

    fn add_plan(
        &mut self,
        catalog: &Catalog,
        number: u32,
        mapping: Option<(MappingNo, EntityNo)>,
        fields: Vec<String>,
        current: bool,
    ) {
        let mut info = PlanInfo { mapping: mapping.map(|m| m.0), fields, current, ..PlanInfo::default() };
        if let Some((_, entity)) = mapping {
            let entity = &catalog.entities[entity];
            info.positions = info.fields.iter().map(|n| entity.field(n).map(|(no, _)| no)).collect();
            info.say_of = vec![None; entity.fields.len()];
            for (say, position) in info.positions.iter().enumerate() {
                if let Some(p) = position {
                    info.say_of[*p] = Some(say as u16);
                }
            }
        }
        let of = |shape: &Option<ShapeInfo>| shape.as_ref().map(|s| positions(&info, s)).unwrap_or_default();
        let all = self.shapes.iter().map(of).collect();
        put(&mut self.positions, number, all);
        put(&mut self.plans, number, Some(info));
    }

    fn add_shape(&mut self, number: u32, shape: ShapeInfo) {
        for (plan, by_shape) in self.plans.iter().zip(&mut self.positions) {
            if let Some(plan) = plan {
                put(by_shape, number, positions(plan, &shape));
            }
        }
        put(&mut self.shapes, number, Some(shape));
    }
}

fn positions(plan: &PlanInfo, shape: &ShapeInfo) -> Vec<Option<u16>> {
    plan.fields.iter().map(|n| shape.fields.iter().position(|f| f == n).map(|p| p as u16)).collect()
}

impl Plans for Book {
    fn positions(&self, plan: u32, shape: u32) -> &[Option<u16>] {
        self.positions.get(plan as usize).and_then(|p| p.get(shape as usize)).map_or(&[], Vec::as_slice)
    }
}
