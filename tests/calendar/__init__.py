"""Every zone, every change of its clocks, every slot: the rules of time against a second opinion.

The second opinion shares nothing with `rekindle.domain.calendar`, nor with `zoneinfo` beneath it. `tzif` reads the
bytes of the pinned tzdata, `oracle` says from them when a slot comes, and `sweep` compares that with what ticks find.
The tests in this folder check the oracle itself. `make calendar` runs them, and then the whole sweep.
"""
