import ChatCore

StoreBench.main()
