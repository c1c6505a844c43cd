#!/bin/sh
# 09_gaussian_mixture.sh PROGRAM: the mixture that 09_gaussian_mixture.cpp finds is the one that
# scikit-learn 1.9.1 finds for the same 300 points:
#   GaussianMixture(2, tol=1e-12, reg_covar=0, max_iter=100000, n_init=5, random_state=0).fit(points)
# The figures below are its score(points) * 300, and for each group its weights_ in percent, means_
# and covariances_. A figure may differ by 0.001 of itself: the program prints four digits.
set -eu

"$1" | tr -d '%:,' | awk -v figures='
  -1211.1538953
  34.9923 1.96349 53.97477 0.0850908 1.219174 43.15692
  65.0077 4.27420 80.63778 0.1504358 1.828009 46.07917' '
  BEGIN { count = split(figures, want, " ") }
  $1 == "log-likelihood" {
    if (steps++ && $2 < got[1]) { print "the log-likelihood fell to " $2; failed = 1 }
    got[1] = $2
  }
  $2 == "mean" {
    gsub("mean|covariance", "")
    fields = split($0, field, " ")
    for (i = 1; i <= fields; ++i) got[2 + found++] = field[i]
  }
  END {
    if (steps < 5 || found != count - 1) { print steps " steps, " found " figures"; failed = 1 }
    for (i = 1; i <= count; ++i)
      if ((got[i] - want[i]) ^ 2 > (0.001 * want[i]) ^ 2) {
        print "expected " want[i] ", got " got[i]
        failed = 1
      }
    exit failed
  }
'
