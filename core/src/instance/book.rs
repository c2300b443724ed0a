//! The book of plan and shape numbers: how to read rows written under any version of the configuration.
//!
//! Invariant: what a number means never changes; the book only grows. Numbers of the current catalog are known from the
//! start, older ones are learned from what the store remembers about them.

use super::Plans;
use crate::model::{Catalog, EntityNo, FieldNo, MappingNo};
use serde::Deserialize;
use std::collections::HashMap;

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

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Book {
    plans: HashMap<u32, PlanInfo>,
    shapes: HashMap<u32, ShapeInfo>,
    positions: HashMap<(u32, u32), Vec<Option<u16>>>,
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
        self.plans.contains_key(&plan) && self.shapes.contains_key(&shape)
    }

    /// Whether a shape is known.
    pub fn knows_shape(&self, shape: u32) -> bool {
        self.shapes.contains_key(&shape)
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
        self.plans.get(&number)
    }

    /// A shape.
    pub fn shape(&self, number: u32) -> Option<&ShapeInfo> {
        self.shapes.get(&number)
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
        for (shape_no, shape) in &self.shapes {
            self.positions.insert((number, *shape_no), positions(&info, shape));
        }
        self.plans.insert(number, info);
    }

    fn add_shape(&mut self, number: u32, shape: ShapeInfo) {
        for (plan_no, plan) in &self.plans {
            self.positions.insert((*plan_no, number), positions(plan, &shape));
        }
        self.shapes.insert(number, shape);
    }
}

fn positions(plan: &PlanInfo, shape: &ShapeInfo) -> Vec<Option<u16>> {
    plan.fields.iter().map(|n| shape.fields.iter().position(|f| f == n).map(|p| p as u16)).collect()
}

impl Plans for Book {
    fn positions(&self, plan: u32, shape: u32) -> &[Option<u16>] {
        self.positions.get(&(plan, shape)).map_or(&[], Vec::as_slice)
    }
}
