#include "autograd/ops/ops.hpp"
#include "tests/ops/table.hpp"

/// The rows of products of matrices.

namespace xtape {

// clang-format off

std::vector<Row> matrix_rows() {
  return {
      OP("matmul", matmul(x, y), "torch.matmul(x, y)", "np.matmul(x, y)", kind::product()),
      OP("linear", linear(x, y, z), "F.linear(x, y.T, z)", "x @ y + z", kind::layer()),
  };
}

std::vector<Row> einsum_rows() {
  return {
      OP("einsum", einsum("ij,jk->ik", x, y), "torch.einsum('ij,jk->ik', x, y)", "np.einsum('ij,jk->ik', x, y)", kind::summed("ij,jk->ik")),
      OP("einsum", einsum("ij,jk->ki", x, y), "torch.einsum('ij,jk->ki', x, y)", "np.einsum('ij,jk->ki', x, y)", kind::summed("ij,jk->ki")),
      OP("einsum", einsum("ji,kj->ik", x, y), "torch.einsum('ji,kj->ik', x, y)", "np.einsum('ji,kj->ik', x, y)", kind::summed("ji,kj->ik")),
      OP("einsum", einsum("bij,bjk->bik", x, y), "torch.einsum('bij,bjk->bik', x, y)", "np.einsum('bij,bjk->bik', x, y)", kind::summed("bij,bjk->bik")),
      OP("einsum", einsum("bthd,bshd->bhts", x, y), "torch.einsum('bthd,bshd->bhts', x, y)", "np.einsum('bthd,bshd->bhts', x, y)", kind::summed("bthd,bshd->bhts")),
      OP("einsum", einsum("bij,bj->bi", x, y), "torch.einsum('bij,bj->bi', x, y)", "np.einsum('bij,bj->bi', x, y)", kind::summed("bij,bj->bi")),
      OP("einsum", einsum("bi,bi->b", x, y), "torch.einsum('bi,bi->b', x, y)", "np.einsum('bi,bi->b', x, y)", kind::summed("bi,bi->b")),
      OP("einsum", einsum("i,j", x, y), "torch.einsum('i,j', x, y)", "np.einsum('i,j', x, y)", kind::summed("i,j")),
      OP("einsum", einsum("ij,ij->", x, y), "torch.einsum('ij,ij->', x, y)", "np.einsum('ij,ij->', x, y)", kind::summed("ij,ij->")),
      OP("einsum", einsum("ij,kl->il", x, y), "torch.einsum('ij,kl->il', x, y)", "np.einsum('ij,kl->il', x, y)", kind::summed("ij,kl->il")),
      OP("einsum", einsum("ii->i", x), "torch.einsum('ii->i', x)", "np.einsum('ii->i', x)", kind::summed("ii->i")),
      OP("einsum", einsum("iij->j", x), "torch.einsum('iij->j', x)", "np.einsum('iij->j', x)", kind::summed("iij->j")),
      OP("einsum", einsum("ij->ji", x), "torch.einsum('ij->ji', x)", "np.einsum('ij->ji', x)", kind::summed("ij->ji")),
      OP("einsum", einsum("ij->", x), "torch.einsum('ij->', x)", "np.einsum('ij->', x)", kind::summed("ij->")),
      OP("einsum", einsum("ba", x), "torch.einsum('ba', x)", "np.einsum('ba', x)", kind::summed("ba")),
      OP("einsum", einsum("ij,jk,kl->il", x, y, z), "torch.einsum('ij,jk,kl->il', x, y, z)", "np.einsum('ij,jk,kl->il', x, y, z)", kind::summed("ij,jk,kl->il")),
      OP("einsum", einsum("bi,bij,bj->b", x, y, z), "torch.einsum('bi,bij,bj->b', x, y, z)", "np.einsum('bi,bij,bj->b', x, y, z)", kind::summed("bi,bij,bj->b")),
  };
}

// clang-format on

}  // namespace xtape
