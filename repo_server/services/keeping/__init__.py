"""That nothing is lost and nothing left over: tombstones, disposal, scrubbing, given-up jobs."""
