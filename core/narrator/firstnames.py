"""First names of girls and boys from many countries, as stories for children have them."""

GIRLS = tuple(
    "Lily Lucy Sara Sarah Anna Mia Emma Sue Amy Jane Mary Lila Ella Daisy Molly Jill Mandy Sally "
    "Annie Kate Maria Rosie Betty Polly Ellie Zoe Lola Nina Ruby Chloe Grace Alice Bella Sophie "
    "Amina Aisha Fatima Zainab Naledi Thandi Zanele Lindiwe Wanjiku Akinyi Achieng Adisa Ngozi "
    "Chioma Abena Ama Makena Nandi Priya Meera Anjali Lakshmi Kavya Asha Radha Sita Noor Leila "
    "Yasmin Farah Samira Shirin Mei Lin Ling Yuki Hana Aiko Sakura Emi Minh Linh Thuy Dewi Putri "
    "Sofia Lucia Elena Carmen Rosa Isabel Paloma Ines Marta Ingrid Freya Astrid Greta Elsa Olga "
    "Katya Anya Vera Mila Zofia Hanna Aino Maeve Niamh Bridget Fiona Moana Leilani Talia Miriam "
    "Esther Ruth Hazel Ivy Clara Martha Edith Mabel Pearl Wren Juno Tess Nora Flora Marisol".split()
)
BOYS = tuple(
    "Tim Tom Ben Max Sam Jack Timmy Tommy Billy Bob Joe John Bobby Johnny Jimmy Jim Mark Peter "
    "Mike Andy Dan Danny Fred Charlie Leo David Alex Harry Henry Oliver Adam Luke Noah Oscar Paul "
    "Kofi Kwame Juma Otieno Kamau Baraka Jabari Sipho Themba Bongani Thabo Musa Yusuf Ibrahim "
    "Chidi Emeka Tunde Amadi Abdi Hassan Omar Ali Karim Tariq Samir Idris Arjun Ravi Rohan Kiran "
    "Vikram Anand Gopal Raju Suresh Deepak Wei Jun Hiro Kenji Taro Haruto Bao Khoa Tuan Budi Adi "
    "Mateo Diego Pablo Carlos Luis Javier Rafael Tomas Miguel Hugo Lars Erik Nils Sven Olaf Ivan "
    "Misha Boris Pavel Jakub Anton Emil Aleksi Finn Conor Sean Declan Kai Tane Keoni Eli Ezra "
    "Jonah Silas Amos Felix Ned Rufus Otto Walter Arthur Gil Theo Rory Milo Jasper".split()
)
