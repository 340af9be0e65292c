"""From written Markdown to words for the ear, one character at a time, without Pipecat."""
