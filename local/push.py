"""Brings changed code to a running stack in about a second: functions, and the layer that they share."""

from __future__ import annotations
