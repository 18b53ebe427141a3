"""Stage 1, inputs: everything that is read. Front door: `run_inputs.read_inputs`, which returns `RunInputs`."""
