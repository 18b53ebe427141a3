"""Stage 7, deliver: put the report where it belongs. Front door: `receipts.deliver`, which returns `Receipts`."""
