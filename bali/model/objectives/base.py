"""What an objective is: a module from the views of a step to a term of its loss."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import nn

from bali.model.losses import Term
from bali.model.views import Views


class Objective(nn.Module, ABC):
    """One term of the loss. Its parameters, if it has any, learn at the rate of all else.

    An objective asks `views` for what it looks at; what no objective asks for is not computed.
    """

    @abstractmethod
    def forward(self, views: Views) -> Term:
        """Its value in this step, not weighted."""

    def parameters_of_lm(self) -> list[nn.Parameter]:
        """Those of its parameters that learn at the language model's rate; none unless it says."""
        return []
