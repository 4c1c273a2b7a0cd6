"""The temperature, fixed and learnt."""

import math

import pytest
import torch

from bali.model.objectives.temperature import Temperature


def test_a_fixed_one_is_a_number_without_parameters():
    temperature = Temperature(0.07, learnt=False)
    assert temperature() == 0.07
    assert not list(temperature.parameters())


def test_a_learnt_one_begins_at_its_initial_value_and_goes_down_a_gradient():
    temperature = Temperature(0.1, learnt=True)
    assert temperature().item() == pytest.approx(0.1)
    temperature().backward()
    assert temperature.theta.grad.item() == pytest.approx(0.1)  # dT/dtheta = T
    with torch.no_grad():
        temperature.theta.fill_(math.log(3))
    assert temperature().item() == pytest.approx(0.3)


@pytest.mark.parametrize(("theta", "bound"), [(-9.0, 0.01), (9.0, 1.0)])
def test_a_learnt_one_stays_within_its_bounds_and_can_come_back(theta: float, bound: float):
    temperature = Temperature(0.07, learnt=True)
    with torch.no_grad():
        temperature.theta.fill_(theta)
    value = temperature()
    assert value.item() == pytest.approx(bound)
    value.backward()
    assert temperature.theta.grad.item() == pytest.approx(bound)


def test_weight_decay_pulls_to_the_initial_value():
    temperature = Temperature(0.07, learnt=True)
    with torch.no_grad():
        temperature.theta.fill_(1.0)
    optimizer = torch.optim.AdamW(temperature.parameters(), lr=1.0, weight_decay=0.5)
    temperature.theta.grad = torch.zeros(())
    optimizer.step()
    assert temperature().item() == pytest.approx(0.07 * math.exp(0.5))


@pytest.mark.parametrize(("initial", "learnt"), [(0.0, False), (2.0, True), (0.001, True)])
def test_one_out_of_bounds_is_refused(initial: float, learnt: bool):
    with pytest.raises(ValueError, match=f"temperature {initial}"):
        Temperature(initial, learnt)
