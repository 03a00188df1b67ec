import KeptnModel
import Logging
import Ports

/// Which services a stage has: the folders with a `metadata.yaml`. A folder is looked into when its content is another
/// than the index knows, so that a list costs one read of the stage's folder, however many services there are.
extension ConfigurationService {
    func readServices(project: String, stage: String, at tip: String) async throws -> [ServiceEntry] {
        let parent = try await folder(of: ConfigurationPlace(project: project, stage: stage), at: tip)
        let known = try await index?.serviceFolders(project: project, stage: stage) ?? [:]
        var (services, found, gone): ([ServiceEntry], [String: IndexedFolder?], Set) = ([], [:], Set(known.keys))
        for entry in try await files.entries(of: parent, at: tip, in: project) where entry.kind == .folder {
            gone.remove(entry.name)
            var folder = known[entry.name]
            if folder?.content != entry.content {
                let name = try RepositoryPath(entry.name)
                folder = try await look(into: parent?.appending(name) ?? name, entry.content, at: tip, of: project)
                found.updateValue(folder, forKey: entry.name)
            }
            if let createdAt = folder?.createdAt {
                services.append(ServiceEntry(name: entry.name, createdAt: createdAt))
            }
        }
        for name in gone { found.updateValue(nil, forKey: name) }
        await note(found, project: project, stage: stage)
        return services
    }

    /// Notes a folder that was just written, so that whoever creates thousands of services leaves no work behind.
    func noteService(_ place: ConfigurationPlace, at commit: String) async throws {
        guard index != nil, let stage = place.stage, let service = place.service else { return }
        let path = try await folder(for: place, at: commit)
        guard let content = try await files.content(of: path, at: commit, in: place.project) else { return }
        let folder = try await look(into: path, content, at: commit, of: place.project)
        await note([service: folder], project: place.project, stage: stage)
    }

    private func look(
        into folder: RepositoryPath, _ content: String, at commit: String, of project: String
    ) async throws -> IndexedFolder {
        let path = try Metadata.path(in: folder)
        let bytes = try await read(path, at: commit, of: project)
        return IndexedFolder(content: content, createdAt: bytes.map { createdAt($0, path, of: project) })
    }

    /// What cannot be noted will be looked into again.
    private func note(_ found: [String: IndexedFolder?], project: String, stage: String) async {
        guard !found.isEmpty, let index else { return }
        await quietly("the index of services was not written", project) {
            try await index.noteServiceFolders(found, project: project, stage: stage)
        }
    }
}
