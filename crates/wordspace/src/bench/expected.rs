//! The expected results of a case, computed independently of the measured code.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor};
use wordspace_learn::config::DeviceChoice;
use wordspace_train::device::OpenDevice;

use super::inputs::{ADAMW, lookup, tensor, values};
use super::{Case, Prepared, Work};

/// The results of `case`, as [`Prepared::results`] returns them the first time.
///
/// Lookups and updates are computed on the host, the loss by burn's own operations. A step is computed by the CPU backend, which is
/// tested against PyTorch. Builds without a CPU backend use `device` instead.
pub fn expected(case: &Case, device: &Device) -> Vec<Vec<f32>> {
    let (v, c, n) = (case.v, case.c, case.rows());
    match case.work {
        Work::Lookup => vec![looked_up(case)],
        Work::Embed => {
            let (mut rows, wpe) = (looked_up(case), values(case.t * c, 2));
            let positions = (0..n).map(|nth| &wpe[nth % case.t * c..][..c]);
            let add = |(row, position): (&mut [f32], &[f32])| row.iter_mut().zip(position).for_each(|(x, y)| *x += y);
            rows.chunks_mut(c).zip(positions).for_each(add);
            vec![rows]
        }
        Work::Gradient => vec![counted(case), vec![case.b as f32; case.t * c]],
        Work::Update => updated(&values(v * c, 1), &values(v * c, 2)),
        Work::Table => updated(&values(v * c, 1), &counted(case)),
        Work::Rows => {
            // Rows that are not read keep their values, and their moments stay zero.
            let (before, counts) = (values(v * c, 1), counted(case));
            let mut all = updated(&before, &counts);
            let unread = (0..v * c).filter(|&at| counts[at] == 0.0);
            unread.for_each(|at| all[0][at] = before[at]);
            all
        }
        Work::Head => scored(case, &cpu().unwrap_or_else(|| device.clone())),
        Work::Step => Prepared::new(case, &cpu().unwrap_or_else(|| device.clone())).results(),
    }
}

fn cpu() -> Option<Device> {
    let open = |choice| OpenDevice::open(choice).ok().map(|device| device.device);
    open(DeviceChoice::Flex).or_else(|| open(DeviceChoice::Ndarray))
}

fn looked_up(case: &Case) -> Vec<f32> {
    let wte = values(case.v * case.c, 1);
    let ids = case.ids.draw(case.v, case.rows());
    ids.iter().flat_map(|&id| &wte[id as usize * case.c..][..case.c]).copied().collect()
}

/// How often each row is looked up, which is its gradient if that of each position is ones.
fn counted(case: &Case) -> Vec<f32> {
    let mut counts = vec![0.0; case.v];
    case.ids.draw(case.v, case.rows()).iter().for_each(|&id| counts[id as usize] += 1.0);
    counts.iter().flat_map(|&count| std::iter::repeat_n(count, case.c)).collect()
}

/// The first AdamW update, in double precision.
fn updated(parameter: &[f32], gradient: &[f32]) -> Vec<Vec<f32>> {
    let first = gradient.iter().map(|&g| (1.0 - ADAMW.beta1) * g as f64);
    let second = gradient.iter().map(|&g| (1.0 - ADAMW.beta2) * (g as f64).powi(2));
    let after = parameter.iter().zip(first.clone().zip(second.clone())).map(|(&p, (m, v))| {
        let step = m / (1.0 - ADAMW.beta1) / ((v / (1.0 - ADAMW.beta2)).sqrt() + ADAMW.epsilon);
        p as f64 * (1.0 - ADAMW.learning_rate * ADAMW.weight_decay) - ADAMW.learning_rate * step
    });
    let narrow = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x as f32).collect();
    vec![narrow(&mut { after }), narrow(&mut { first }), narrow(&mut { second })]
}

/// The gradients of the loss and the loss by its formula: all logits, log-softmax, the mean.
fn scored(case: &Case, device: &Device) -> Vec<Vec<f32>> {
    let device = device.clone().autodiff();
    let hidden = tensor(case.rows(), case.c, 1, &device).require_grad();
    let table = tensor(case.v, case.c, 2, &device).require_grad();
    let targets: Tensor<2, Int> = lookup(case).on(&device).tensor().reshape([case.rows(), 1]);
    let probabilities = log_softmax(hidden.clone().matmul(table.clone().transpose()), 1);
    let loss = probabilities.gather(1, targets).mean().neg();
    let gradients = loss.backward();
    let of = |tensor: &Tensor<2>| tensor.grad(&gradients).expect("it is tracked").flatten(0, 1);
    let read = |tensor: Tensor<1>| tensor.into_data().try_into_vec().expect("results are f32");
    [of(&hidden), of(&table), loss.inner()].map(read).into()
}

#[cfg(test)]
mod tests {
    use super::super::Ids;
    use super::super::check::check;
    use super::*;

    fn case(work: Work) -> Case {
        Case { work, v: 50, c: 8, b: 3, t: 5, ids: Ids::Zipf }
    }

    #[test]
    #[cfg(feature = "flex")]
    fn the_cpu_gives_the_expected_results_of_every_work() {
        let device = OpenDevice::open(DeviceChoice::Flex).unwrap().device;
        for work in Work::ALL {
            let case = case(work);
            let found = Prepared::new(&case, &device).results();
            assert_eq!(check(&found, &expected(&case, &device), &case, true), Ok(()), "{work}");
        }
    }
}
