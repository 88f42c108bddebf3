import ChatCore

PictureBench.main()
