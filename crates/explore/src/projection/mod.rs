//! Vectors as points in two or three dimensions, by principal components, t-SNE or UMAP.
//!
//! The result is data, a [`Projection`]; drawing is up to the caller. t-SNE and UMAP are our own, because they are exact, with
//! no approximate neighbours and no tree of forces, and repeatable bit for bit at any number of threads.

mod align;
mod choose;
mod chosen;
mod eigen;
mod method;
mod pca;
mod points;
mod project;
mod repulsion;
mod trails;
mod trust;
mod tsne;
mod umap;

pub use align::{align, rotation};
pub use choose::MostFrequent;
pub use chosen::{Chosen, MOST_COMPARED, MOST_LAID_OUT};
pub use method::Method;
pub use pca::{Pca, on_axes, pca};
pub use points::Points;
pub use project::{Projection, TRUST_NEIGHBOURS};
pub use trails::Trail;
pub use trust::trustworthiness;
pub use tsne::tsne;
pub use umap::umap;
