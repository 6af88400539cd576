"""Every zone, every change of its clocks, every slot: the rules of time against a second opinion.

The second opinion shares nothing with `rekindle.calendar`, nor with `zoneinfo` beneath it: `tzif` reads the bytes of
the pinned tzdata, `oracle` says from them when a slot comes, and `sweep` holds that against what ticks find. The tests
in this folder watch the watcher. `make calendar` runs them, and then the whole sweep.
"""
