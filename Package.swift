// swift-tools-version: 6.3
import PackageDescription

/// A C library of the distribution: a module map and a shim header, nothing else.
func library(_ name: String, _ pkgConfig: String?, apt package: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/\(name)", pkgConfig: pkgConfig, providers: [.apt([package])])
}

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6)]

let package = Package(
  name: "chatd",
  products: [.executable(name: "chatd", targets: ["chatd"])],
  targets: [
    library("CTurboJPEG", "libturbojpeg", apt: "libturbojpeg0-dev"),
    library("CZimg", "zimg", apt: "libzimg-dev"),
    library("CSPNG", "spng", apt: "libspng-dev"),
    library("CWebP", "libwebpdemux", apt: "libwebp-dev"),
    library("CGIF", "libgif", apt: "libgif-dev"),
    // Loaded when it is needed, not linked: only its header is used here.
    library("CHEIF", nil, apt: "libheif-dev"),
    library("CEXIF", "libexif", apt: "libexif-dev"),
    library("CEditline", "libedit", apt: "libedit-dev"),
    library("CChafa", "chafa", apt: "libchafa-dev"),
    library("CSodium", "libsodium", apt: "libsodium-dev"),
    library("CCrypto", "libcrypto", apt: "libssl-dev"),
    library("CSQLite", "sqlite3", apt: "libsqlite3-dev"),
    .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
    .target(
      name: "ChatEngine", dependencies: ["CSodium", "CCrypto"], swiftSettings: strict),
    .target(
      name: "ChatCore",
      dependencies: [
        "ChatEngine", "CLinux", "CTurboJPEG", "CZimg", "CSPNG", "CWebP", "CGIF", "CHEIF", "CEXIF",
        "CEditline", "CChafa", "CSQLite",
      ],
      swiftSettings: strict),
    .executableTarget(name: "chatd", dependencies: ["ChatCore"], swiftSettings: strict),
    .executableTarget(
      name: "picture-bench", dependencies: ["ChatCore"], path: "Benchmarks/Pictures",
      exclude: ["compare.py"], swiftSettings: strict),
    .executableTarget(
      name: "transfer-bench", dependencies: ["ChatCore", "ChatEngine"],
      path: "Benchmarks/Transfer", exclude: ["transfer.py"], swiftSettings: strict),
    .executableTarget(
      name: "store-bench", dependencies: ["ChatCore", "ChatEngine"], path: "Benchmarks/Store",
      swiftSettings: strict),
    .target(
      name: "Simulator", dependencies: ["ChatEngine"], path: "Tests/Simulator",
      swiftSettings: strict),
    .executableTarget(
      name: "simulate", dependencies: ["Simulator"], path: "Tests/Simulate",
      swiftSettings: strict),
    .testTarget(
      name: "SimulationTests", dependencies: ["Simulator", "ChatEngine"], swiftSettings: strict),
    .testTarget(name: "ChatEngineTests", dependencies: ["ChatEngine"], swiftSettings: strict),
    .testTarget(
      name: "ChatCoreTests",
      dependencies: ["ChatCore", "ChatEngine", "picture-bench", "store-bench"],
      resources: [.copy("Fixtures")], swiftSettings: strict),
    .testTarget(name: "TidyTests", swiftSettings: strict),
  ]
)
