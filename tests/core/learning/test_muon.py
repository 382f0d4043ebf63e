import torch

from core.learning.muon import Muon, orthogonal


def test_orthogonal_matrices_have_singular_values_near_one() -> None:
    torch.manual_seed(0)
    for shape in ((4, 16, 48), (2, 48, 16), (1, 32, 32)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
        assert 0.6 < float(values.quantile(0.1)) <= float(values.max()) < 1.3


def test_muon_finds_the_least_of_a_simple_loss() -> None:
    torch.manual_seed(0)
    matrix = torch.nn.Parameter(torch.randn(8, 24))
    thirds = torch.nn.Parameter(torch.randn(8, 24))
    optimizer = Muon([matrix], [thirds], lr=0.05, weight_decay=0.0)
    losses = []
    for _ in range(100):
        loss = (matrix - 1).square().mean() + (thirds + 1).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 3


def test_a_weight_without_a_gradient_stays() -> None:
    still = torch.nn.Parameter(torch.ones(4, 4))
    Muon([still], []).step()
    assert torch.equal(still, torch.ones(4, 4))
