"""The pages: templates, messages, stylesheet and scripts, held without a browser."""
