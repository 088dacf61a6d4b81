module weir.bench/gopeer

go 1.22
