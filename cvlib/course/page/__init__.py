"""What a notebook shows: figures, sliders, the scoreboard, exercises."""
