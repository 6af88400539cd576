"""Check the rules of time against a second computation, for every zone and slot.

The second computation shares no code with `rekindle.domain.calendar`, nor with `zoneinfo`, which that module uses.
`oracle` has the C library read the pinned tzdata, and computes when each slot comes. `sweep` compares the oracle's
slots with the slots that ticks find. The tests in this folder check the oracle and the sweep themselves.
`make calendar` runs these tests, and then the whole sweep.
"""
