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


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("rows", [1, 2, 5, 6, 13])
def test_products_of_any_number_of_rows_are_those_of_the_layer(rows: int, threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for width in (48, 50):  # the second has no whole number of panels
            layer = nn.Linear(20, width)
            product, x = Product.of(layer), torch.randn(rows + 1, 2, 20)[1:]
            torch.testing.assert_close(product(x), layer(x), atol=1e-5, rtol=1e-5)
            assert layer.bias is not None
            torch.testing.assert_close(product.plain(x), layer(x) - layer.bias, atol=1e-5, rtol=1e-5)
            other = torch.randn(20, 2, rows).permute(2, 1, 0)
            torch.testing.assert_close(product(other), layer(other), atol=1e-5, rtol=1e-5)
    finally:
        torch.set_num_threads(before)


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
