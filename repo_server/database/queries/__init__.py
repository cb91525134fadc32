"""Every SELECT that answers a person, by noun; the first argument after the session is who asks."""
