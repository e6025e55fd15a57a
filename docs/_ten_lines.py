from genrekit import GenreClassifier, cross_validate_genres, load_folder

ready = GenreClassifier.from_pretrained()
print(ready.top_k(["song.mp3"]))

music = load_folder("music")
mine = GenreClassifier(on_error="nan", memory="cache")
report = cross_validate_genres(mine, music.paths, music.target, groups=music.groups)
print(report)
mine.fit(music.paths, music.target).predict(["song.mp3"])
