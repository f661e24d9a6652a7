"""Products of several layers at once, and in float32 where bfloat16 is slow."""

import pytest
import torch
from torch import nn

from xr0.engine.products import WIDENED, Product, widened


def test_layers_share_the_weights_of_their_product() -> None:
    layers = [nn.Linear(8, n) for n in (5, 3)]
    before = [layer.weight.clone() for layer in layers]
    product, x = Product.of(*layers), torch.randn(2, 4, 8)
    expected = torch.cat([layer(x) for layer in layers], dim=-1)
    torch.testing.assert_close(product(x), expected)
    torch.testing.assert_close(product.rows(5)(x), layers[1](x))
    assert all(torch.equal(layer.weight, old) for layer, old in zip(layers, before, strict=True))
    storage = {layer.weight.untyped_storage().data_ptr() for layer in layers}
    assert storage == {product.weight.untyped_storage().data_ptr()}


def test_layers_of_which_only_some_have_a_bias_make_no_product() -> None:
    with pytest.raises(ValueError, match="1 of 2 layers have a bias"):
        Product.of(nn.Linear(4, 4), nn.Linear(4, 4, bias=False))


def test_a_widened_product_is_rounded_once() -> None:
    """Over more than one block of weights, the last one shorter."""
    generator = torch.Generator().manual_seed(0)
    width = WIDENED // 100
    x, weight = (torch.randn(n, width, generator=generator).bfloat16() for n in (3, 130))
    bias = torch.randn(130, generator=generator).bfloat16()
    exact = x.double() @ weight.double().t() + bias.double()
    found = widened(x[None], weight, bias)[0]
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found, exact.bfloat16(), rtol=2**-8, atol=0.01)
    assert (found == exact.bfloat16()).float().mean() > 0.99
