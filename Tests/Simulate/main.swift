simulate()
