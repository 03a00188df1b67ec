import KeptnModel

/// The name of an artifact as CDEvents wants it: a package URL (https://github.com/package-url/purl-spec).
enum PackageURL {
    /// Of what stands in `configurationChange.values.image`: an image of a registry, or an artifact that was uploaded.
    /// Nil for an empty name.
    static func of(image: String) -> String? {
        if let artifact = ArtifactReference(image) {
            return "pkg:generic/\(URLText.encode(artifact.name))@sha256%3A\(artifact.digest)"
        }
        let (rest, digest) = split(Substring(image), at: "@", after: image.startIndex)
        let slash = rest.lastIndex(of: "/").map(rest.index(after:)) ?? rest.startIndex
        let (repository, tag) = split(rest, at: ":", after: slash)
        let name = repository[slash...]
        guard !name.isEmpty else { return nil }
        var url = "pkg:oci/\(URLText.encode(name.lowercased()))"
        if let digest { url += "@\(URLText.encode(digest))" }
        var qualifiers: [String] = []
        if slash != rest.startIndex { qualifiers.append("repository_url=\(URLText.encode(repository, besides: "/"))") }
        if let tag { qualifiers.append("tag=\(URLText.encode(tag))") }
        return qualifiers.isEmpty ? url : "\(url)?\(qualifiers.joined(separator: "&"))"
    }

    /// Of a service of which no image is known: its configuration, at a commit if there is one.
    static func of(service: String, project: String, commit: String?) -> String {
        let url = "pkg:generic/\(URLText.encode(project))/\(URLText.encode(service))"
        return commit.map { "\(url)@\(URLText.encode($0))" } ?? url
    }

    /// What stands before and behind the first such character; nothing behind it counts as none.
    private static func split(
        _ text: Substring, at character: Character, after start: String.Index
    ) -> (Substring, Substring?) {
        guard let index = text[start...].firstIndex(of: character) else { return (text, nil) }
        let rest = text[text.index(after: index)...]
        return (text[..<index], rest.isEmpty ? nil : rest)
    }
}
