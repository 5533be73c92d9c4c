//! Token and position embedding: `out[b, t] = wte[ids[b, t]] + wpe[t]`.

use burn::tensor::{Int, Tensor};

/// The rows of `wte` that `ids` name, each with the row of `wpe` for its place added.
///
/// The position rows are a slice that is broadcast, not looked up, so their gradient is a plain sum over the batch.
///
/// # Shapes
///
/// - `wte`: `[V, C]`
/// - `wpe`: `[at least T, C]`, or none
/// - `ids`: `[B, T]`, each below V: no backend reports an id outside the table
/// - output: `[N, C]`
pub fn embed(wte: Tensor<2>, wpe: Option<Tensor<2>>, ids: Tensor<2, Int>) -> Tensor<2> {
    let [b, t] = ids.dims();
    let c = wte.dims()[1];
    let tokens = wte.select(0, ids.reshape([b * t])); // [N, C]
    match wpe {
        None => tokens,
        Some(wpe) => {
            let positions = wpe.slice([0..t, 0..c]).reshape([1, t, c]);
            (tokens.reshape([b, t, c]) + positions).reshape([b * t, c])
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn table(rows: usize, columns: usize, first: f32, device: &Device) -> Tensor<2> {
        let values: Vec<f32> = (0..rows * columns).map(|i| first + i as f32).collect();
        Tensor::from_data(TensorData::new(values, [rows, columns]), device)
    }

    #[test]
    fn each_token_gets_its_own_row_and_its_places_row() {
        let device = Device::flex();
        let ids = Tensor::from_ints([[2, 0], [1, 1]], &device);
        let sum = embed(table(3, 2, 0.0, &device), Some(table(5, 2, 100.0, &device)), ids);
        let expected =
            [4.0 + 100.0, 5.0 + 101.0, 102.0, 1.0 + 103.0, 2.0 + 100.0, 3.0 + 101.0, 2.0 + 102.0, 3.0 + 103.0];
        assert_eq!(sum.into_data().try_into_vec::<f32>().unwrap(), expected);
    }

    #[test]
    fn a_row_collects_the_gradients_of_all_its_places_and_other_rows_get_none() {
        let device = Device::flex().autodiff();
        let wte = table(4, 1, 0.0, &device).require_grad();
        let wpe = table(3, 1, 0.0, &device).require_grad();
        let ids = Tensor::from_ints([[2, 0], [2, 2]], &device);
        let weights = table(4, 1, 1.0, &device); // 1, 2, 3, 4 for the four places
        let gradients = (embed(wte.clone(), Some(wpe.clone()), ids) * weights).sum().backward();
        let of = |table: &Tensor<2>| table.grad(&gradients).unwrap().into_data().try_into_vec::<f32>().unwrap();
        assert_eq!(of(&wte), [2.0, 0.0, 1.0 + 3.0 + 4.0, 0.0]);
        assert_eq!(of(&wpe), [1.0 + 3.0, 2.0 + 4.0, 0.0]);
    }
}
