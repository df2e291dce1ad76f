#!/usr/bin/env python3
"""Makes latencies.txt and quantiles.txt: times as a latency test finds them, and what numpy says of
them. Run it in this folder. The files are kept, so that no test needs Python."""

import numpy

QUANTILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995]

random = numpy.random.default_rng(20260301)
# Most take about 9 us, some are disturbed, and a few wait for a whole time slice.
usual = random.lognormal(numpy.log(9_000), 0.25, 3_900)
disturbed = random.lognormal(numpy.log(70_000), 0.6, 94)
slices = random.uniform(3e6, 11e6, 6)
times = numpy.concatenate([usual, disturbed, slices]).astype(numpy.int64)
random.shuffle(times)

numpy.savetxt("latencies.txt", times, fmt="%d")
with open("quantiles.txt", "w", newline="\n") as file:
    file.write(f"# min, mean and max, then each quantile (inverted_cdf), of numpy {numpy.__version__}\n")
    file.write(f"min {times.min()}\nmean {times.mean()}\nmax {times.max()}\n")
    for quantile in QUANTILES:
        file.write(f"{quantile} {numpy.quantile(times, quantile, method='inverted_cdf')}\n")
