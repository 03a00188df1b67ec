import CloudEvents
import Core
import Testing

@Suite("Artifacts as package URLs")
struct PackageURLTests {
    private static let digest = String(repeating: "ab", count: 32)

    @Test(
        "Images of registries and uploaded artifacts",
        arguments: [
            ("carts", "pkg:oci/carts"), ("Carts:1.0", "pkg:oci/carts?tag=1.0"),
            ("docker.io/acme/carts:1.0", "pkg:oci/carts?repository_url=docker.io/acme/carts&tag=1.0"),
            ("localhost:5000/carts", "pkg:oci/carts?repository_url=localhost%3A5000/carts"),
            ("localhost:5000/carts:1", "pkg:oci/carts?repository_url=localhost%3A5000/carts&tag=1"),
            ("a/carts:1@sha256:\(digest)", "pkg:oci/carts@sha256%3A\(digest)?repository_url=a/carts&tag=1"),
            ("carts.tgz@sha256:\(digest)", "pkg:generic/carts.tgz@sha256%3A\(digest)"),
            ("carts:", "pkg:oci/carts"), ("kärts:ü", "pkg:oci/k%C3%A4rts?tag=%C3%BC"),
            // No image: the service itself.
            ("", "pkg:generic/sockshop/carts"), ("a/", "pkg:generic/sockshop/carts"),
            ("@", "pkg:generic/sockshop/carts"), (":1", "pkg:generic/sockshop/carts"),
        ])
    func images(image: String, url: String) {
        let event = Story.done(
            "deployment.finished", ["configurationChange": ["values": ["image": .string(image)]]])
        #expect(Story.inCDEvents(event).last?.json?["subject", "content", "artifactId"] == .string(url))
    }
}
