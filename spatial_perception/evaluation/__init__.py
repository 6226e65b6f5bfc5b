"""How good a result is: benchmark scores with the published definition and with corrected ones."""
