/// Archives that are made for a test: the bytes name the archive.
package struct InMemoryZipArchives: ZipArchives {
    private let archives: [[UInt8]: [String: [UInt8]]]

    package init(_ archives: [String: [String: String]] = [:]) {
        self.archives = Dictionary(
            uniqueKeysWithValues: archives.map { (Array($0.key.utf8), $0.value.mapValues { Array($0.utf8) }) })
    }

    package func files(of archive: [UInt8], bytesMax: Int) async throws -> [String: [UInt8]] {
        guard let files = archives[archive] else { throw KeptnError(.unsupportedMediaType, "this is no zip archive") }
        guard files.values.reduce(0, { $0 + $1.count }) <= bytesMax else {
            throw KeptnError(.unsupportedMediaType, "the archive holds more than \(bytesMax) bytes")
        }
        return files
    }
}
