import Glibc

exit(TransferBench.main())
