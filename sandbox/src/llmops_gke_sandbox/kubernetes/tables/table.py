# Copyright: the llmops.gke engineers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as tables for people: what ``kubectl get`` prints. Which columns a kind has is data, see columns."""

from __future__ import annotations

import re
from collections.abc import Callable

from llmops_gke_sandbox.kubernetes.schema.kinds import Kind
from llmops_gke_sandbox.kubernetes.tables.columns import COLUMNS, DEFAULT, Column
from llmops_gke_sandbox.kubernetes.tables.formats import age

_NAME_TEXT = "Name must be unique within a namespace."


def table(kind: Kind, items: list[dict], metadata: dict, row_object: Callable[[dict], dict | None]) -> dict:
    """Return a meta.k8s.io/v1 Table of objects.

    :param row_object: what a row carries of its object.
    """
    columns = _custom_columns(kind) if kind.custom is not None else COLUMNS.get(kind.kind, DEFAULT)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [_definition(column) for column in columns],
        "rows": [{"cells": [column.cell(obj) for column in columns], "object": row_object(obj)} for obj in items],
    }


def _definition(column: Column) -> dict:
    return {
        "name": column.name,
        "type": column.type,
        "format": "name" if column.name == "Name" else "",
        "description": _NAME_TEXT if column.name == "Name" else column.name,
        "priority": column.priority,
    }


def _custom_columns(kind: Kind) -> list[Column]:
    declared = kind.custom.get("additionalPrinterColumns") or []
    if not declared:
        return list(DEFAULT)
    return [DEFAULT[0], *map(_custom_column, declared)]


def _custom_column(declared: dict) -> Column:
    path, is_date = declared["jsonPath"], declared["type"] == "date"

    def cell(obj: dict) -> object:
        value = _at(obj, path)
        return age(value) if is_date and isinstance(value, str) else value

    return Column(declared["name"], cell, declared.get("priority", 0), "string" if is_date else declared["type"])


def _at(obj: object, path: str) -> object:
    """Return what a simple JSON path (``.spec.a[0].b``, ``.c[?(@.type=="X")].d``) finds, None if nothing."""
    for name, index, key, wanted in re.findall(r"\.([\w-]+)|\[(\d+)\]|\[\?\(@\.(\w+)==[\"']([^\"']*)[\"']\)\]", path):
        if name:
            obj = obj.get(name) if isinstance(obj, dict) else None
        elif index:
            obj = obj[int(index)] if isinstance(obj, list) and int(index) < len(obj) else None
        else:
            found = (one for one in obj or [] if isinstance(one, dict) and str(one.get(key)) == wanted)
            obj = next(found, None)
    return obj
