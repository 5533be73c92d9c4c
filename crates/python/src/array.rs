//! Arrays that NumPy takes without copying them, by its array interface.
//!
//! NumPy asks for a pointer, a shape and an element type, and keeps the object that gave them for as long as the array lives
//! (<https://numpy.org/doc/stable/reference/arrays.interface.html>).

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::vectors::Vectors;

/// Numbers that `numpy.asarray` takes without a copy, read-only.
#[pyclass(frozen, module = "wordspace._wordspace")]
pub struct Array {
    numbers: Numbers,
    shape: Vec<usize>,
}

enum Numbers {
    F32(Vec<f32>),
    F64(Vec<f64>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    /// The values of vectors, from this address on; the vectors live as long as this refers to them, and never change.
    Borrowed(usize, #[allow(dead_code, reason = "held so that they live")] Py<Vectors>),
}

impl Array {
    /// Of `values`, which belong to `owner`.
    pub fn borrowed(values: &[f32], owner: &Bound<'_, Vectors>, shape: &[usize]) -> Self {
        Self { numbers: Numbers::Borrowed(values.as_ptr() as usize, owner.clone().unbind()), shape: shape.to_vec() }
    }

    pub fn f32(values: Vec<f32>, shape: &[usize]) -> Self {
        Self { numbers: Numbers::F32(values), shape: shape.to_vec() }
    }

    pub fn f64(values: Vec<f64>, shape: &[usize]) -> Self {
        Self { numbers: Numbers::F64(values), shape: shape.to_vec() }
    }

    pub fn u32(values: Vec<u32>) -> Self {
        Self { shape: vec![values.len()], numbers: Numbers::U32(values) }
    }

    pub fn u64(values: Vec<u64>) -> Self {
        Self { shape: vec![values.len()], numbers: Numbers::U64(values) }
    }
}

#[pymethods]
impl Array {
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (address, kind) = match &self.numbers {
            Numbers::F32(values) => (values.as_ptr() as usize, "<f4"),
            Numbers::F64(values) => (values.as_ptr() as usize, "<f8"),
            Numbers::U32(values) => (values.as_ptr() as usize, "<u4"),
            Numbers::U64(values) => (values.as_ptr() as usize, "<u8"),
            Numbers::Borrowed(address, _) => (*address, "<f4"),
        };
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("typestr", kind)?;
        interface.set_item("shape", pyo3::types::PyTuple::new(py, &self.shape)?)?;
        // Its second element says that nobody may write.
        interface.set_item("data", (address, true))?;
        Ok(interface)
    }
}

/// The numbers in `bytes`, an array of Python's as its bytes.
///
/// # Errors
///
/// If they are no whole number of elements.
pub fn numbers<T: bytemuck::AnyBitPattern + bytemuck::NoUninit>(bytes: &[u8]) -> PyResult<Vec<T>> {
    if !bytes.len().is_multiple_of(size_of::<T>()) {
        let (found, size) = (bytes.len(), size_of::<T>());
        return Err(PyValueError::new_err(format!("expected elements of {size} bytes each, found {found} bytes")));
    }
    Ok(bytemuck::pod_collect_to_vec(bytes))
}
