"""Every zone, every change of its clocks, every slot: the rules of time against a second opinion.

The second opinion shares nothing with `rekindle.domain.calendar`, nor with `zoneinfo` beneath it. `oracle` has the C
library read the pinned tzdata, and says when a slot comes. `sweep` compares that with what ticks find.
The tests in this folder check the oracle itself. `make calendar` runs them, and then the whole sweep.
"""
